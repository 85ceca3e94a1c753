//! Words on their own: what the person answers to the organisation, and that the search can end.

use rusqlite::Transaction;

use super::reseal::unlink;
use super::sealer::Sealer;
use super::{SealedReport, SendWhen, enqueue};
use crate::brand::Pack;
use crate::drafts::{self, Draft, SentRecall, SentReply};
use crate::error::{Error, Refusal, Result};
use crate::forms::{self, Audience};
use crate::ids::{PartId, QuestionId, ReportId};
use crate::queue;
use crate::receipts::Question;
use crate::seal::{PartKind, RecallDocument, RecallReason, ReplyDocument};
use crate::store::Store;
use crate::vault::Keys;

/// The longest reply, in bytes of UTF-8: with its seal it has one of the few sizes of words.
const MAX_REPLY_BYTES: usize = 20_000;

/// What was said between the organisation and the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub from: MessageFrom,
    /// The words.
    pub text: String,
    /// When it was said, Unix ms, by the clock of who said it.
    pub at_ms: i64,
}

// What people write to each other is not printed by accident.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message(…)")
    }
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFrom {
    /// The organisation asked.
    Organisation {
        /// The question.
        question: QuestionId,
        /// Whether the person has replied to it.
        answered: bool,
    },
    /// The person wrote.
    Person {
        /// The question that it answers; none if the person just wrote.
        question: Option<QuestionId>,
    },
}

/// Seals the person's words for the organisation and queues them. They answer the last question
/// that has no reply yet, if there is one.
pub(crate) fn reply(store: &Store, pack: &Pack, id: ReportId, text: &str) -> Result<SealedReport> {
    let text = forms::clean_lines(text);
    match text.len() {
        0 => return Err(Refusal::EmptyReply.into()),
        1..=MAX_REPLY_BYTES => {}
        _ => return Err(Refusal::ReplyTooLong.into()),
    }
    let _held = store.home.hold_files()?;
    let (draft, questions) = read(store, id)?;
    let open = questions.iter().rev().find(|question| !is_answered(&draft, question.id));
    let document = ReplyDocument::new(open.map(|question| question.id), text, store.now());
    let mut sealer = sealer(store, pack, &draft)?;
    let audiences = vec![Audience::Organisation];
    let part = sealer.words(PartKind::Reply, audiences, "reply.json", &document)?.part;
    let reply = SentReply { part, document };
    commit(store, pack, &draft, sealer, |_, _, current| {
        current.body.replies.push(reply);
        Ok(())
    })
}

/// Tells everybody who got anything of the report that the search can end, as the person says it.
/// Nothing is deleted, and media that have not left wait for the organisation's word.
pub(crate) fn recall(
    store: &Store,
    pack: &Pack,
    id: ReportId,
    why: RecallReason,
) -> Result<SealedReport> {
    let _held = store.home.hold_files()?;
    let (draft, audiences) = read_with_audiences(store, pack, id)?;
    let is_said =
        |draft: &Draft| draft.body.recalls.last().is_some_and(|last| last.document.why == why);
    if is_said(&draft) {
        return Err(Refusal::NothingNew.into());
    }
    let document = RecallDocument::new(why, store.now());
    let mut sealer = sealer(store, pack, &draft)?;
    let part = sealer.words(PartKind::Recall, audiences, "recall.json", &document)?.part;
    commit(store, pack, &draft, sealer, |transaction, keys, current| {
        if is_said(current) {
            return Err(Refusal::NothingNew.into());
        }
        current.body.recalls.push(SentRecall { part: Some(part), document });
        queue::hold(transaction, &keys.queue(), id)
    })
}

/// Seals replies and recalls anew, word for word, in place of `parts`, which must not leave.
pub(super) fn seal_anew(store: &Store, pack: &Pack, id: ReportId, parts: &[PartId]) -> Result<()> {
    let (draft, audiences) = read_with_audiences(store, pack, id)?;
    let mut sealer = sealer(store, pack, &draft)?;
    let mut anew = Vec::new();
    let spoiled = |part: Option<PartId>| part.filter(|part| parts.contains(part));
    for reply in &draft.body.replies {
        let Some(old) = spoiled(Some(reply.part)) else { continue };
        let organisation = vec![Audience::Organisation];
        let new = sealer.words(PartKind::Reply, organisation, "reply.json", &reply.document)?.part;
        anew.push((old, new));
    }
    for recall in &draft.body.recalls {
        let Some(old) = spoiled(recall.part) else { continue };
        let audiences = audiences.clone();
        let new = sealer.words(PartKind::Recall, audiences, "recall.json", &recall.document)?.part;
        anew.push((old, new));
    }
    if anew.is_empty() {
        return Ok(());
    }
    let replaced: Vec<PartId> = anew.iter().map(|(old, _)| *old).collect();
    commit(store, pack, &draft, sealer, |transaction, _, current| {
        for (old, new) in anew {
            let replies = current.body.replies.iter_mut().map(|reply| &mut reply.part);
            let recalls = current.body.recalls.iter_mut().filter_map(|it| it.part.as_mut());
            let said = replies.chain(recalls).find(|part| **part == old);
            // Another process has done it meanwhile.
            *said.ok_or(Refusal::Busy)? = new;
        }
        queue::remove(transaction, &replaced)
    })?;
    unlink(store, replaced.into_iter());
    Ok(())
}

/// A report, and everybody to whom anything of it was sealed and who still has a recipient.
fn read_with_audiences(store: &Store, pack: &Pack, id: ReportId) -> Result<(Draft, Vec<Audience>)> {
    let (draft, mut audiences) = store.read(id, |db, keys| {
        Ok((drafts::load(db, keys, id)?, queue::audiences_of(db, &keys.queue(), id)?))
    })?;
    audiences.insert(Audience::Organisation);
    Ok((draft, audiences.into_iter().filter(|audience| pack.has(*audience)).collect()))
}

/// What was said, the oldest first. Needs the vault: a locked phone shows no question.
pub(crate) fn messages(store: &Store, id: ReportId) -> Result<Vec<Message>> {
    let (draft, questions) = read(store, id)?;
    let asked = questions.into_iter().map(|question| Message {
        from: MessageFrom::Organisation {
            question: question.id,
            answered: is_answered(&draft, question.id),
        },
        at_ms: question.asked_at_ms,
        text: question.text,
    });
    let written = draft.body.replies.iter().map(|reply| Message {
        from: MessageFrom::Person { question: reply.document.question },
        at_ms: reply.document.sealed_at_ms,
        text: reply.document.text.clone(),
    });
    let mut messages: Vec<_> = asked.chain(written).collect();
    messages.sort_by_key(|message| message.at_ms);
    Ok(messages)
}

/// A report and the questions about it that open, in the order in which they came.
fn read(store: &Store, id: ReportId) -> Result<(Draft, Vec<Question>)> {
    let (draft, sealed) = store.read(id, |db, keys| {
        Ok((drafts::load(db, keys, id)?, queue::questions(db, &keys.queue(), id)?))
    })?;
    let identity = draft.body.keys().question_identity();
    // One that does not open was sealed for somebody else; the receipt's signature covers only
    // that the organisation sent it.
    let questions = sealed.iter().filter_map(|question| question.open(&identity).ok()).collect();
    Ok((draft, questions))
}

fn is_answered(draft: &Draft, question: QuestionId) -> bool {
    draft.body.replies.iter().any(|reply| reply.document.question == Some(question))
}

/// Words come with the last version that was sealed; before the first there is nobody to hear them.
fn sealer<'a>(store: &'a Store, pack: &'a Pack, draft: &Draft) -> Result<Sealer<'a>> {
    let version = u32::try_from(draft.body.sent.len()).map_err(|_| Error::Damaged)?;
    if version == 0 {
        return Err(Refusal::NothingSent.into());
    }
    Ok(Sealer::new(store, pack, draft, version))
}

/// One transaction: the row of the words, and the draft as it is by then, which `note` lets know of
/// them.
fn commit(
    store: &Store,
    pack: &Pack,
    draft: &Draft,
    sealer: Sealer<'_>,
    note: impl FnOnce(&Transaction<'_>, Keys<'_>, &mut Draft) -> Result<()>,
) -> Result<SealedReport> {
    sealer.sync()?;
    let sealed = sealer.sealed(draft.id, draft.body.sent.len() as u32);
    let (now, form) = (store.now(), draft.body.form(&pack.form_book()));
    store.write(draft.id, |transaction, keys| {
        let mut current = drafts::load(transaction, keys, draft.id)?;
        enqueue(transaction, keys, pack, &current, sealer.parts(), SendWhen::Now, now)?;
        note(transaction, keys, &mut current)?;
        drafts::save(transaction, keys, &current, &form, now)
    })?;
    sealer.keep();
    store.bell().ring();
    Ok(sealed)
}
