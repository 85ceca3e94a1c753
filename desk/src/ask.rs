//! Asks the reporter: a question, and what becomes of the media that a recall holds on the phone.
//! Both go with the next receipt that `collect` puts out, and stay in each receipt after it: a
//! phone may miss any of them.

use homeward_core::QuestionId;
use homeward_core::receipts::{HoldAnswer, Question};

use crate::casebook::{Asked, Casebook};
use crate::clock::now_ms;
use crate::collect;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::log::{Event, Log};

/// Questions without an answer that a person is left with, at most.
const MAX_OPEN: usize = 10;

/// Asks `text` of the reporter, and says what becomes of held `media`.
pub fn ask(
    home: &Home,
    report: &str,
    text: Option<&str>,
    media: Option<HoldAnswer>,
) -> Result<Option<QuestionId>> {
    if text.is_none() && media.is_none() {
        return Err(Error::NothingAsked);
    }
    let _alone = collect::lock(home)?;
    let report = report.parse().map_err(|_| Error::NoReport)?;
    let mut casebook = Casebook::open(home)?;
    let mut case = casebook.case(report)?.ok_or(Error::NoReport)?;
    let mut log = Log::open(home)?;
    if let Some(answer) = media {
        if case.recalls().is_empty() {
            return Err(Error::NotRecalled);
        }
        log.append(Event::Hold { report, answer })?;
        case.hold = Some(answer);
    }
    let mut id = None;
    if let Some(text) = text {
        if case.unanswered().len() >= MAX_OPEN {
            return Err(Error::AskedEnough(MAX_OPEN));
        }
        let question = Question::new(text, now_ms())?;
        let sealed = question.seal(&case.question_recipient)?;
        log.append(Event::Asked { report, question: question.id, sha256: sealed.sha256 })?;
        id = Some(question.id);
        case.asked.push(Asked { question, sealed });
    }
    casebook.put(&case.body()?)?;
    Ok(id)
}
