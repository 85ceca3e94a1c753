//! An organisation's own forms on a phone, while drafts lie there that older packs began.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use common::{Phone, field, form};
use homeward_core::brand::{Organisation, Pack, Recipient, Server, Trust};
use homeward_core::crypto::SigningKey;
use homeward_core::forms::{Answer, Audience, FieldId};
use homeward_core::seal::{AnswersDocument, open};
use homeward_core::vault::VaultState;
use homeward_core::{Error, Homeward, Original, Refusal, ReportId, Scope, SendWhen, Source};
use serde_json::{Value, json};

/// Somebody who opens what is sent.
struct Desk {
    key: SigningKey,
    identity: age::x25519::Identity,
}

impl Desk {
    fn new() -> Self {
        Self { key: SigningKey::derive(&[3; 32]), identity: age::x25519::Identity::generate() }
    }

    fn organisation(&self) -> Organisation {
        Organisation { name: "Example".into(), key: self.key.verify_key() }
    }

    /// A pack with these forms, signed by the organisation: whatever they say.
    fn pack(&self, sequence: u32, forms: Vec<Value>) -> Vec<u8> {
        use homeward_core::signed::{Purpose, Signed};
        let url = "https://desk.example".into();
        let server = Server::new(url, "token".into(), Trust::Public);
        let mut pack = Pack::new(self.organisation(), server);
        for audience in [Audience::Organisation, Audience::Partner, Audience::Poster] {
            let recipient = self.identity.to_public().to_string();
            pack.recipients.push(Recipient::new(audience, recipient, "desk"));
        }
        (pack.sequence, pack.forms) = (sequence, forms);
        let body = serde_json::to_string(&pack).unwrap();
        serde_json::to_vec(&Signed::make(Purpose::Pack, body, &self.key)).unwrap()
    }

    /// The answers in a report's newest version for its organisation, and how many media it tells
    /// of.
    fn answers(&self, phone: &Phone, sent: &homeward_core::SealedReport) -> AnswersDocument {
        let is_answers = |part: &&homeward_core::SealedPart| {
            part.kind == homeward_core::seal::PartKind::Answers
                && part.audiences == [Audience::Organisation]
        };
        let part = sent.parts.iter().find(is_answers).unwrap();
        let file = std::fs::File::open(phone.home().join("spool").join(part.part.to_string()));
        let mut opened = Vec::new();
        let identities = std::slice::from_ref(&self.identity);
        let organisation = self.organisation().fingerprint();
        open(file.unwrap(), identities, &organisation, &mut opened).unwrap();
        serde_json::from_slice(&opened).unwrap()
    }
}

fn pet(version: u32, fields: &Value) -> Value {
    json!({
        "format": "homeward-form/1", "id": "pet", "version": version, "purpose": "report",
        "title_from": ["pet_name"], "sections": [{ "id": "child", "fields": fields }],
        "words": { "form-pet": "Missing pet" },
    })
}

fn ask(id: &str, kind: &str) -> Value {
    json!({ "id": id, "kind": kind, "stage": "first_minute", "audiences": ["organisation"] })
}

fn picture() -> Value {
    let mut field = ask("pet_photo", "media");
    field["accepts"] = json!(["photo"]);
    field
}

fn say(core: &Homeward, id: ReportId, name: &str, words: &str) {
    core.set(id, &field(name), Some(&Answer::Text(words.into()))).unwrap();
}

fn earlier(core: &Homeward, id: ReportId) -> Vec<(String, String)> {
    let report = core.report(id).unwrap();
    report.earlier.iter().map(|it| (it.field.clone(), it.words())).collect()
}

fn pair_fields(left: &[(&str, &str)]) -> Vec<(String, String)> {
    left.iter().map(|(field, words)| ((*field).to_owned(), (*words).to_owned())).collect()
}

#[test]
fn a_packs_form_is_filled_in_and_sent_like_a_built_in_one() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    assert!(matches!(core.create(&form("pet"), None), Err(Error::Refused(Refusal::UnknownForm))));
    core.pair(&desk.pack(1, vec![pet(1, &json!([ask("pet_name", "text"), picture()]))])).unwrap();
    assert_eq!(core.forms()[0].id, form("pet"));

    let id = core.create(&form("pet"), None).unwrap();
    say(&core, id, "pet_name", "Bello");
    core.attach(id, &field("pet_photo"), Source::Bytes(common::photo()), Original::Drop).unwrap();
    assert_eq!(common::titles(&core), [Some("Bello".to_owned())]);
    let report = core.report(id).unwrap();
    assert_eq!(report.shown, ["pet_name", "pet_photo"].map(field));
    let sent = core.send(id, Scope::All, SendWhen::Now).unwrap();
    let answers = desk.answers(&phone, &sent);
    assert_eq!((answers.form, answers.form_version), (form("pet"), 1));
    assert_eq!(answers.answers[&field("pet_name")], json!("Bello"));
    assert_eq!(answers.media.len(), 1);
}

#[test]
fn a_form_that_changes_under_an_open_draft_keeps_every_answer() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    let fields = json!([ask("pet_name", "text"), ask("colour", "text"), picture()]);
    core.pair(&desk.pack(1, vec![pet(1, &fields)])).unwrap();
    let id = core.create(&form("pet"), None).unwrap();
    say(&core, id, "pet_name", "Bello");
    say(&core, id, "colour", "brown");
    core.attach(id, &field("pet_photo"), Source::Bytes(common::photo()), Original::Drop).unwrap();

    // Another process takes the newer pack: this one sees it all the same.
    let newer = json!([ask("pet_name", "text"), ask("size", "text")]);
    phone.open_ready().pair(&desk.pack(2, vec![pet(2, &newer)])).unwrap();
    assert_eq!(earlier(&core, id), pair_fields(&[("colour", "brown")]));
    let set = core.set(id, &field("colour"), Some(&Answer::Text("black".into())));
    assert!(matches!(set, Err(Error::Refused(Refusal::UnknownField))));
    say(&core, id, "size", "small");
    assert_eq!(common::titles(&core), [Some("Bello".to_owned())]);

    let sent = core.send(id, Scope::All, SendWhen::Now).unwrap();
    let answers = desk.answers(&phone, &sent);
    assert_eq!(answers.form_version, 2);
    assert_eq!(answers.answers.len(), 2);
    assert_eq!(answers.earlier.len(), 1, "the organisation sees what it asked before");
    assert_eq!(answers.media.len(), 1, "and the photo that it asked for");

    // The question comes back, and its answer with it; an older pack is refused.
    core.pair(&desk.pack(3, vec![pet(3, &fields)])).unwrap();
    let older = core.pair(&desk.pack(2, vec![pet(2, &newer)]));
    assert!(matches!(older, Err(Error::Refused(Refusal::PackOlder))));
    assert_eq!(core.report(id).unwrap().answers[&field("colour")], Answer::Text("brown".into()));
    assert_eq!(earlier(&core, id), pair_fields(&[("size", "small")]));
}

#[test]
fn a_form_that_vanishes_under_an_open_draft_takes_nothing_with_it() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    core.pair(&desk.pack(1, vec![pet(4, &json!([ask("pet_name", "text"), picture()]))])).unwrap();
    let id = core.create(&form("pet"), None).unwrap();
    say(&core, id, "pet_name", "Bello");
    let medium = core
        .attach(id, &field("pet_photo"), Source::Bytes(common::photo()), Original::Drop)
        .unwrap();
    let other = core
        .attach(id, &field("pet_photo"), Source::Bytes(common::photo()), Original::Drop)
        .unwrap();
    core.pair(&desk.pack(2, Vec::new())).unwrap();

    assert!(matches!(core.form(&form("pet")), Err(Error::Refused(Refusal::UnknownForm))));
    assert_eq!(earlier(&core, id), pair_fields(&[("pet_name", "Bello")]));
    core.detach(id, other.id).unwrap();
    assert_eq!(common::titles(&core), [Some("Bello".to_owned())], "it keeps its name");
    assert_eq!(core.report(id).unwrap().media[0].id, medium.id);
    let sent = core.send(id, Scope::All, SendWhen::Now).unwrap();
    let answers = desk.answers(&phone, &sent);
    assert_eq!((answers.form, answers.form_version), (form("pet"), 4));
    assert_eq!((answers.answers.len(), answers.earlier.len(), answers.media.len()), (0, 1, 1));
}

#[test]
fn a_profile_of_a_form_that_changes_its_purpose_is_never_sent() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    let mut profile = pet(1, &json!([ask("pet_name", "text")]));
    profile["purpose"] = json!("profile");
    profile["sections"][0]["fields"][0].as_object_mut().unwrap().remove("audiences");
    core.pair(&desk.pack(1, vec![profile])).unwrap();
    let id = core.create(&form("pet"), None).unwrap();
    say(&core, id, "pet_name", "Bello");
    let stays = Err(Error::Refused(Refusal::ProfileStays));
    assert_eq!(core.send(id, Scope::All, SendWhen::Now), stays);
    core.pair(&desk.pack(2, vec![pet(2, &json!([ask("pet_name", "text")]))])).unwrap();
    assert_eq!(core.send(id, Scope::All, SendWhen::Now), stays);
    assert_eq!(earlier(&core, id), pair_fields(&[("pet_name", "Bello")]));
    core.pair(&desk.pack(3, Vec::new())).unwrap();
    assert_eq!(core.send(id, Scope::All, SendWhen::Now), stays);
    let built_in = core.create(&form("child_profile"), None).unwrap();
    assert_eq!(core.send(built_in, Scope::All, SendWhen::Now), stays);
}

#[test]
fn what_a_pack_tries_to_widen_stays_as_narrow_as_in_every_app() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    let wide = |mut field: Value| {
        field["audiences"] = json!(["organisation", "police", "partner", "poster"]);
        field
    };
    let mut permit = ask("permit_poster", "permission");
    permit["permits"] = json!("poster");
    let fields = json!([wide(ask("home_address", "place")), wide(ask("clothing", "text")), permit]);
    let mut own = pet(1, &fields);
    own["id"] = json!("missing_child");
    own["title_from"] = json!([]);
    core.pair(&desk.pack(1, vec![own])).unwrap();
    let id = core.create(&form("missing_child"), None).unwrap();
    say(&core, id, "clothing", "red");
    core.set(id, &field("permit_poster"), Some(&Answer::Permission(true))).unwrap();
    let permitted = core.report(id).unwrap().permitted;
    assert!(!permitted.contains(&Audience::Poster), "a permission without its conditions");
    let sent = core.send(id, Scope::All, SendWhen::Now).unwrap();
    assert!(sent.parts.iter().all(|part| part.audiences == [Audience::Organisation]));
    let home = core.form(&form("missing_child")).unwrap();
    let home = home.field(&FieldId::new("home_address").unwrap()).unwrap();
    assert_eq!(home.audiences, [Audience::Organisation, Audience::Police]);
}

#[test]
fn a_packs_form_is_there_in_an_emergency_and_a_broken_pack_hides_no_draft() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    core.pair(&desk.pack(1, vec![pet(1, &json!([ask("pet_name", "text")]))])).unwrap();
    let passphrase = homeward_core::vault::Passphrase::new("correct horse");
    core.set_passphrase(None, Some(&passphrase), None).unwrap();
    drop(core);
    let core = phone.open();
    assert_eq!(core.state(), VaultState::Locked);
    let id = core.create(&form("pet"), None).unwrap();
    say(&core, id, "pet_name", "Bello");
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();

    std::fs::write(phone.home().join("pack.json"), b"{}").unwrap();
    core.unlock(Some(&passphrase)).unwrap();
    assert_eq!(earlier(&core, id), pair_fields(&[("pet_name", "Bello")]));
    let other = core.create(&form("missing_child"), None).unwrap();
    say(&core, other, "clothing", "red");
}

#[test]
fn a_pack_with_a_wrong_form_is_refused_and_the_one_before_stays() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    core.pair(&desk.pack(1, vec![pet(1, &json!([ask("pet_name", "text")]))])).unwrap();
    let wrong = core.pair(&desk.pack(2, vec![pet(2, &json!([ask("pet_name", "smell")]))]));
    assert!(matches!(wrong, Err(Error::Refused(Refusal::PackForm))));
    assert_eq!(core.form(&form("pet")).unwrap().version, 1);
}

#[test]
fn what_only_an_earlier_form_asked_is_still_worth_sending() {
    let (phone, desk) = (Phone::new(), Desk::new());
    let core = phone.open_ready();
    let needing = |version, fields: Value, needs: &str| {
        let mut form = pet(version, &fields);
        (form["needs_any_of"], form["title_from"]) = (json!([needs]), json!([needs]));
        form
    };
    let name = json!([ask("pet_name", "text"), ask("clothing", "long_text")]);
    core.pair(&desk.pack(1, vec![needing(1, name, "pet_name")])).unwrap();
    let id = core.create(&form("pet"), None).unwrap();
    say(&core, id, "pet_name", "Bello, taken in a red van");
    core.pair(&desk.pack(2, vec![needing(2, json!([ask("clothing", "long_text")]), "clothing")]))
        .unwrap();
    let sent = core.send(id, Scope::All, SendWhen::Now).unwrap();
    assert_eq!(desk.answers(&phone, &sent).earlier[0].value, "Bello, taken in a red van");
}
