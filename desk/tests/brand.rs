//! A pack from its source to what a phone reads.

mod common;

use common::Desk;
use homeward_core::brand::{RecipientState, Trust};
use homeward_core::forms::{Audience, FormId};

#[test]
fn the_example_source_builds_a_pack_that_a_phone_believes() {
    let desk = Desk::make();
    desk.new_source();
    // A pack is built without anything that opens reports.
    std::fs::rename(desk.path("private"), desk.folder.path().join("private")).unwrap();
    let pack = desk.build();
    assert_eq!(pack.organisation.name, "Example Missing Children");
    assert_eq!(pack.server.token, desk.token);
    assert!(matches!(&pack.server.trust, Trust::Anchors(anchors) if anchors.len() == 1));
    assert!(pack.expires_at_ms > pack.issued_at_ms && pack.receipt_keys.len() == 1);
    for audience in [Audience::Organisation, Audience::Police] {
        assert_eq!(pack.recipients_of(&[audience]).len(), 2, "the desk and the recovery key");
    }
}

#[test]
fn each_build_has_a_higher_number_so_that_phones_take_it() {
    let desk = Desk::make();
    desk.new_source();
    let first = desk.build();
    let second = desk.build();
    assert!(second.replaces(&first) && !first.replaces(&second));
}

#[tokio::test]
async fn a_new_host_gets_a_certificate_under_the_same_authority() {
    let desk = Desk::make();
    desk.new_source();
    let first = desk.build();
    let client = desk.client();
    let file = desk.folder.path().join("brand/brand.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("localhost", "desk.example.org")).unwrap();
    let second = desk.build();
    assert_eq!(first.server.trust, second.server.trust, "packs on phones stay good");

    let server = desk.receive();
    let address = server.url.strip_prefix("https://").unwrap().parse().unwrap();
    let named = reqwest::Client::builder()
        .tls_backend_preconfigured(desk.trust())
        .no_proxy()
        .resolve("desk.example.org", address)
        .build()
        .unwrap();
    let port = address.port();
    for (client, url) in [
        (named, format!("https://desk.example.org:{port}/")),
        (client, format!("https://127.0.0.1:{port}/")),
    ] {
        assert_eq!(client.get(url).send().await.unwrap().status(), 404);
    }
}

#[test]
fn forms_beside_the_source_are_in_the_pack_and_a_wrong_one_is_told() {
    let desk = Desk::make();
    desk.new_source();
    let folder = desk.folder.path().join("brand/forms");
    std::fs::create_dir(&folder).unwrap();
    let form = r#"{ "format": "homeward-form/1", "id": "pet", "version": 3, "purpose": "report",
        "sections": [{ "id": "child", "fields": [
            { "id": "child_name", "kind": "text", "stage": "first_minute", "audiences": ["organisation"] }
        ] }], "words": { "form-pet": "Missing pet" } }"#;
    std::fs::write(folder.join("pet.json"), form).unwrap();
    std::fs::write(folder.join("notes.txt"), "not a form").unwrap();
    let book = desk.build().form_book();
    let pet = FormId::new("pet").unwrap();
    assert_eq!(book.form(&pet).unwrap().version, 3);

    let wide = form.replace(r#"["organisation"]"#, r#"["organisation", "poster"]"#);
    let wide = wide.replace("child_name", "health");
    for (name, text, told) in [
        (
            "pet",
            form.replace("\"text\"", "\"smell\""),
            "forms/pet.json: $.sections[0].fields[0].kind: expected a kind of field",
        ),
        ("pet", form.replace("form-pet", "form-cat"), "forms/pet.json: $.words.form-pet: missing"),
        ("pet", wide, "forms/pet.json: $.sections[0].fields[0].audiences: every app asks this too"),
        ("cat", form.to_owned(), "forms/cat.json: $.id: this form's file is called pet.json"),
    ] {
        std::fs::remove_file(folder.join("pet.json")).ok();
        std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
        let refused = desk.run(&["brand", "build", &desk.beside("brand"), &desk.beside("pack")]);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.starts_with(told) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_fault_in_the_source_is_told_with_file_and_line() {
    let desk = Desk::make();
    desk.new_source();
    let file = desk.folder.path().join("brand/brand.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("https:", "http:");
    std::fs::write(&file, text).unwrap();
    let refused = desk.run(&["brand", "build", &desk.beside("brand"), "pack"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.starts_with("brand.toml, line 10: ") && told.lines().count() == 1, "{told}");
}

#[test]
fn a_pack_carries_pins_mirrors_deadlines_and_what_became_of_recipients() {
    let desk = Desk::make();
    desk.new_source();
    let file = desk.folder.path().join("brand/brand.toml");
    let retired = desk.build().recipients[0].clone();
    let pins = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let backup = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let example = std::fs::read_to_string(&file).unwrap();
    let pinned = format!(
        "trust = \"anchors\"\npins = {{ sha256 = [\"{pins}\", \"{backup}\"], valid_days = 9 }}"
    );
    let text = example
        .replacen("trust = \"anchors\"", &pinned, 1)
        .replace("receipt_minutes = 60", "receipt_minutes = 45")
        .replace("metered_media = false", "metered_media = true")
        + &format!(
            "\n[[recipient]]\naudience = \"{}\"\nrecipient = \"{}\"\nholder = \"desk\"\n\
             state = \"retired\"\n\n[[mirror]]\nurl = \"https://mirror.example\"\n\
             trust = \"anchors\"\ntoken = \"their-token\"\nanchor = \"mirror.pem\"\n\n\
             [[mirror]]\nurl = \"https://127.0.0.1:9443\"\ntrust = \"anchors\"\n",
            retired.audience.name(),
            retired.recipient
        );
    std::fs::write(&file, text).unwrap();
    let ca = std::fs::read(desk.path("public/tls/ca.pem")).unwrap();
    std::fs::write(file.with_file_name("mirror.pem"), ca).unwrap();

    let pack = desk.build();
    let held = pack.server.pins.as_ref().unwrap();
    assert_eq!(held.sha256, [pins, backup]);
    assert_eq!(held.expires_at_ms, pack.issued_at_ms + 9 * 24 * 3_600_000);
    assert_eq!(pack.deadlines.receipt_minutes, 45);
    assert!(pack.network.metered_media);
    let [theirs, ours] = pack.mirrors.as_slice() else { panic!("{}", pack.mirrors.len()) };
    assert_eq!((theirs.token.as_str(), ours.token.as_str()), ("their-token", desk.token.as_str()));
    assert!(theirs.pins.is_none() && theirs.trust == pack.server.trust);
    let of = |state: RecipientState| pack.recipients.iter().filter(move |one| one.state == state);
    assert_eq!(of(RecipientState::Retired).count(), 1);
    assert_eq!(pack.recipients_of(&[retired.audience]).len(), 1, "only the recovery key is left");
}

#[test]
fn a_check_tells_all_faults_and_refuses_an_audience_that_one_lost_key_would_silence() {
    let desk = Desk::make();
    desk.new_source();
    let check = || {
        let ran = desk.run(&["brand", "check", &desk.beside("brand")]);
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
    };
    assert_eq!(check(), (Some(0), "nothing is wrong\n".into()));

    let file = desk.folder.path().join("brand/brand.toml");
    let example = std::fs::read_to_string(&file).unwrap();
    let one = desk.build().recipients[0].recipient.clone();
    let alone =
        format!("\n[[recipient]]\naudience = \"partner\"\nrecipient = \"{one}\"\nholder = \"P\"\n");
    std::fs::write(&file, example.clone() + &alone).unwrap();
    let (code, told) = check();
    assert_eq!(code, Some(1));
    assert!(told.starts_with("brand.toml: audience partner has one recipient"), "{told}");

    let wrong = example.replace("https:", "http:").replace("= 60", "= 0");
    std::fs::write(&file, wrong).unwrap();
    let (code, told) = check();
    assert_eq!((code, told.lines().count()), (Some(1), 2), "{told}");
}
