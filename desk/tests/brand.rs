//! A pack from its source to what a phone reads.

mod common;

use common::Desk;
use homeward_core::brand::Trust;
use homeward_core::forms::Audience;

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
