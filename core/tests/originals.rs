//! Two copies when wished: the scrubbed one for all who may see it, the untouched one for the
//! police.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::fs;
use std::path::Path;

use age::x25519::Identity;
use common::{Phone, begin, field, form, pack_for};
use homeward_core::forms::Audience;
use homeward_core::seal::{AnswersDocument, OpenError, PartKind, open};
use homeward_core::vault::Passphrase;
use homeward_core::{
    Copies, Error, Homeward, Original, PartId, Refusal, ReportId, Scope, SealedReport, SendWhen,
    Source,
};

const CANARY: &[u8] = b"CANARY-ORIGINAL";

/// A photo that tells more than it shows.
fn photo() -> Vec<u8> {
    let mut photo = common::photo();
    let comment = [&[0xFF, 0xFE, 0, 2 + CANARY.len() as u8], CANARY].concat();
    photo.splice(2..2, comment);
    photo
}

/// The smallest raw photo: a TIFF whose one entry says DNG.
fn raw() -> Vec<u8> {
    let mut raw = b"II\x2A\0\x08\0\0\0\x01\0\x12\xC6\x01\0\x04\0\0\0\x01\x04\0\0\0\0\0\0".to_vec();
    raw.extend(CANARY);
    raw
}

fn attach(core: &Homeward, id: ReportId, bytes: Vec<u8>, original: Original) -> Copies {
    core.attach(id, &field("photo"), Source::Bytes(bytes), original).unwrap().copies
}

/// What a sealed part holds, for whom it opens.
fn opened(
    phone: &Phone,
    part: PartId,
    identity: &Identity,
) -> Result<(String, Vec<u8>), OpenError> {
    let sealed = fs::read(phone.home().join("spool").join(part.to_string())).unwrap();
    let mut content = Vec::new();
    let organisation = common::organisation().fingerprint();
    let part =
        open(sealed.as_slice(), std::slice::from_ref(identity), &organisation, &mut content)?;
    Ok((part.content.name, content))
}

fn parts_of(sealed: &SealedReport, kind: PartKind) -> Vec<(PartId, Vec<Audience>)> {
    let parts = sealed.parts.iter().filter(|part| part.kind == kind);
    parts.map(|part| (part.part, part.audiences.clone())).collect()
}

fn send(core: &Homeward, id: ReportId) -> SealedReport {
    core.send(id, Scope::All, SendWhen::Now).unwrap()
}

/// No file of the home holds the word in clear.
fn stays_silent(phone: &Phone) {
    fn files(folder: &Path, found: &mut Vec<Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, found) } else { found.push(fs::read(path).unwrap()) }
        }
    }
    let mut found = Vec::new();
    files(phone.home(), &mut found);
    assert!(found.iter().map(Vec::len).sum::<usize>() > 1000);
    for bytes in found {
        assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY));
    }
}

#[test]
fn the_police_alone_open_the_original_and_all_open_the_scrubbed_copy() {
    let phone = Phone::new();
    let core = phone.open();
    let (pack, [desk, police]) = pack_for([Audience::Organisation, Audience::Police]);
    core.pair(&pack).unwrap();
    let id = begin(&core, "Ada Example");
    assert_eq!(attach(&core, id, photo(), Original::Keep), Copies::Both);
    stays_silent(&phone);
    let sealed = send(&core, id);
    stays_silent(&phone);

    let [(scrubbed, for_both)] = &parts_of(&sealed, PartKind::Medium)[..] else { panic!() };
    assert_eq!(for_both, &[Audience::Organisation, Audience::Police]);
    let (name, copy) = opened(&phone, *scrubbed, &desk).unwrap();
    assert_eq!((name.as_str(), copy), ("photo-1.jpg", common::photo()));
    let [(original, for_police)] = &parts_of(&sealed, PartKind::Original)[..] else { panic!() };
    assert_eq!(for_police, &[Audience::Police]);
    assert!(matches!(opened(&phone, *original, &desk), Err(OpenError::NotForUs)));
    let (name, whole) = opened(&phone, *original, &police).unwrap();
    assert_eq!((name.as_str(), whole), ("original-1.jpg", photo()));

    // Each audience's answers tell of what it can open; the organisation's list all parts.
    for (part, audiences) in parts_of(&sealed, PartKind::Answers) {
        let is_police = audiences == [Audience::Police];
        let (_, answers) = opened(&phone, part, if is_police { &police } else { &desk }).unwrap();
        let answers: AnswersDocument = serde_json::from_slice(&answers).unwrap();
        let media: Vec<PartId> = answers.media.iter().map(|medium| medium.part).collect();
        let expected = [*scrubbed, *original];
        assert_eq!(media, if is_police { &expected[..] } else { &expected[..1] });
        assert!(answers.parts.iter().any(|part| part.part == *original));
    }
    assert!(matches!(
        core.send(id, Scope::All, SendWhen::Now),
        Err(Error::Refused(Refusal::NothingNew))
    ));
}

#[test]
fn without_police_the_organisation_gets_the_original() {
    let phone = Phone::new();
    let core = phone.open();
    let (pack, [desk]) = pack_for([Audience::Organisation]);
    core.pair(&pack).unwrap();
    let id = begin(&core, "Ada Example");
    attach(&core, id, photo(), Original::Keep);
    let sealed = send(&core, id);
    let [(original, audiences)] = &parts_of(&sealed, PartKind::Original)[..] else { panic!() };
    assert_eq!(audiences, &[Audience::Organisation]);
    assert_eq!(opened(&phone, *original, &desk).unwrap().1, photo());
}

#[test]
fn nothing_untouched_is_kept_unless_it_is_wished() {
    let phone = Phone::new();
    let core = phone.open();
    let (pack, [_, _]) = pack_for([Audience::Organisation, Audience::Police]);
    core.pair(&pack).unwrap();
    let id = begin(&core, "Ada Example");
    assert_eq!(attach(&core, id, photo(), Original::Drop), Copies::Scrubbed);
    assert_eq!(phone.names_in("blobs").len(), 1);
    assert_eq!(parts_of(&send(&core, id), PartKind::Original), []);
}

#[test]
fn what_can_not_be_cleaned_goes_only_as_a_sealed_original_and_only_if_it_is_wished() {
    let phone = Phone::new();
    let core = phone.open();
    let (pack, [_, police]) = pack_for([Audience::Organisation, Audience::Police]);
    core.pair(&pack).unwrap();
    let id = begin(&core, "Ada Example");
    let refused = core.attach(id, &field("photo"), Source::Bytes(raw()), Original::Drop);
    assert!(matches!(refused, Err(Error::Refused(Refusal::MediaUnsupported))));
    assert_eq!(phone.names_in("blobs"), Vec::<String>::new());
    // An empty or damaged photo, too: but no film where a photo is asked for.
    let broken = photo()[..40].to_vec();
    let film = b"\0\0\0\x14ftypmp42\0\0\0\0isom".to_vec();
    let film = core.attach(id, &field("photo"), Source::Bytes(film), Original::Keep);
    assert!(matches!(film, Err(Error::Refused(Refusal::WrongKind))));
    for file in [raw(), broken.clone()] {
        assert_eq!(attach(&core, id, file, Original::Keep), Copies::Original);
    }
    stays_silent(&phone);
    let sealed = send(&core, id);
    assert_eq!(parts_of(&sealed, PartKind::Medium), []);
    let originals = parts_of(&sealed, PartKind::Original);
    let opened = originals.iter().map(|(part, _)| opened(&phone, *part, &police).unwrap());
    let expected = [("original-1.dng".to_owned(), raw()), ("original-2.jpg".to_owned(), broken)];
    assert_eq!(opened.collect::<Vec<_>>(), expected);
}

#[test]
fn an_original_lives_and_goes_with_its_medium() {
    let phone = Phone::new();
    let core = phone.open();
    let id = begin(&core, "Ada Example");
    let source = Source::Bytes(photo());
    let medium = core.attach(id, &field("photo"), source, Original::Keep).unwrap();
    attach(&core, id, photo(), Original::Keep);
    assert_eq!(phone.names_in("blobs").len(), 4);
    drop(core);
    let core = phone.open_ready();
    assert_eq!(phone.names_in("blobs").len(), 4, "a start sweeps nothing that has a row");
    core.detach(id, medium.id).unwrap();
    assert_eq!(phone.names_in("blobs").len(), 2);
    core.delete(id).unwrap();
    assert_eq!(phone.names_in("blobs"), Vec::<String>::new());
}

#[test]
fn a_profile_hands_both_copies_to_a_report_and_only_the_scrubbed_one_to_another_phone() {
    let phone = Phone::new();
    let core = phone.open();
    let (pack, [_, police]) = pack_for([Audience::Organisation, Audience::Police]);
    core.pair(&pack).unwrap();
    let profile = core.create(&form("child_profile"), None).unwrap();
    attach(&core, profile, photo(), Original::Keep);
    attach(&core, profile, raw(), Original::Keep);
    let report = core.create(&form("missing_child"), Some(profile)).unwrap();
    common::set(&core, report, "child_name", "Ada Example");
    let originals = parts_of(&send(&core, report), PartKind::Original);
    let opened = originals.iter().map(|(part, _)| opened(&phone, *part, &police).unwrap().1);
    assert_eq!(opened.collect::<Vec<_>>(), [photo(), raw()]);

    let (mut file, words) = (Vec::new(), Passphrase::new("correct horse"));
    core.export_profile(profile, &words, &mut file).unwrap();
    let other = Phone::new();
    let core = other.open();
    let imported = core.import_profile(&words, &mut file.as_slice()).unwrap();
    let media = core.report(imported).unwrap().media;
    assert_eq!(media.iter().map(|medium| medium.copies).collect::<Vec<_>>(), [Copies::Scrubbed]);
}
