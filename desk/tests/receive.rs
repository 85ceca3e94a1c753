//! What `receive` lets in, what it keeps, and what it never shows.
// What a test can't set up it can't test.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, bytes, header, only_file, stalled_patch};
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn without_the_packs_token_nobody_gets_in() {
    let desk = Desk::make();
    let server = desk.receive();
    let upload = server.create(10).await;
    for (method, path) in [
        (Method::OPTIONS, "/uploads"),
        (Method::POST, "/uploads"),
        (Method::GET, "/uploads"),
        (Method::HEAD, upload.as_str()),
        (Method::PATCH, upload.as_str()),
        (Method::DELETE, upload.as_str()),
        (Method::GET, upload.as_str()),
    ] {
        for token in
            [None, Some("Bearer wrong".to_owned()), Some(format!("Bearer {}x", desk.token))]
        {
            let mut request =
                server.client.request(method.clone(), format!("{}{path}", server.url));
            request = request.header("tus-resumable", "1.0.0").header("upload-length", 5);
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(answer.bytes().await.unwrap().len(), 0);
        }
    }
}

#[tokio::test]
async fn nothing_is_listed_and_no_upload_can_be_fetched() {
    let desk = Desk::make();
    let server = desk.receive();
    let upload = server.create(4).await;
    server.patch(&upload, 0).body("abcd").send().await.unwrap();
    for path in ["/", "/uploads", "/uploads/", "/receipts", "/receipts/", &upload] {
        let answer = server.tus(Method::GET, path).send().await.unwrap();
        let status = answer.status();
        assert!(status == 404 || status == 405, "{path}: {status}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("abcd") && !text.contains(upload.trim_start_matches("/uploads/")));
    }
}

#[tokio::test]
async fn an_upload_in_pieces_arrives_as_it_was_sent() {
    let desk = Desk::make();
    let server = desk.receive();
    let sent = bytes(300_000);
    let upload = server.create(sent.len() as u64).await;
    for (offset, piece) in [(0, &sent[..100_000]), (100_000, &sent[100_000..])] {
        let answer = server.patch(&upload, offset).body(piece.to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(header(&answer, "upload-offset"), (offset as usize + piece.len()).to_string());
    }
    let answer = server.head(&upload).await;
    assert_eq!(header(&answer, "upload-length"), "300000");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(std::fs::read(only_file(&desk.path("public/uploads/data"))).unwrap(), sent);
}

#[tokio::test]
async fn a_small_part_takes_one_round_trip() {
    let desk = Desk::make();
    let server = desk.receive();
    let sent = bytes(4096);
    let answer = server
        .post(4096)
        .header("content-type", "application/offset+octet-stream")
        .body(sent.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "upload-offset"), "4096");
    assert_eq!(std::fs::read(only_file(&desk.path("public/uploads/data"))).unwrap(), sent);
}

#[tokio::test]
async fn a_killed_server_goes_on_where_it_was_and_its_lock_blocks_nobody() {
    let desk = Desk::make();
    let server = desk.receive();
    let sent = bytes(2_000_000);
    let upload = server.create(sent.len() as u64).await;
    let (task, _sender) = stalled_patch(&server, &upload, &sent[..700_000], sent.len()).await;
    assert_eq!(std::fs::read_dir(desk.path("public/uploads/locks")).unwrap().count(), 1);
    server.kill();
    task.abort();

    let server = desk.receive();
    assert_eq!(server.offset(&upload).await, 700_000);
    let rest = sent[700_000..].to_vec();
    let answer = server.patch(&upload, 700_000).body(rest).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(std::fs::read(only_file(&desk.path("public/uploads/data"))).unwrap(), sent);
}

#[tokio::test]
async fn what_arrived_before_the_network_was_lost_is_not_sent_again() {
    let desk = Desk::make();
    let server = desk.receive();
    let sent = bytes(1_000_000);
    let upload = server.create(sent.len() as u64).await;
    let (task, sender) = stalled_patch(&server, &upload, &sent[..400_000], sent.len()).await;
    // Dropping the request closes the connection in the middle of the body.
    task.abort();
    drop(sender);
    assert_eq!(server.offset(&upload).await, 400_000);
    let answer =
        server.patch(&upload, 400_000).body(sent[400_000..].to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(std::fs::read(only_file(&desk.path("public/uploads/data"))).unwrap(), sent);
}

#[tokio::test]
async fn a_phone_that_comes_back_does_not_wait_for_its_own_dead_connection() {
    let desk = Desk::make();
    let server = desk.receive();
    let sent = bytes(1_000_000);
    let upload = server.create(sent.len() as u64).await;
    let (task, sender) = stalled_patch(&server, &upload, &sent[..400_000], sent.len()).await;
    // The old connection is still open; without a takeover this is 423.
    assert_eq!(server.offset(&upload).await, 400_000);
    assert!(!task.is_finished() || sender.is_closed());
    let answer =
        server.patch(&upload, 400_000).body(sent[400_000..].to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(std::fs::read(only_file(&desk.path("public/uploads/data"))).unwrap(), sent);
    task.abort();
}

#[tokio::test]
async fn a_wrong_offset_is_answered_with_the_right_one() {
    let desk = Desk::make();
    let server = desk.receive();
    let upload = server.create(10).await;
    server.patch(&upload, 0).body("12345").send().await.unwrap();
    let answer = server.patch(&upload, 3).body("67").send().await.unwrap();
    assert_eq!(answer.status(), 409);
    assert_eq!(server.offset(&upload).await, 5);
}

#[tokio::test]
async fn a_wrong_checksum_stores_nothing() {
    let desk = Desk::make();
    let server = desk.receive();
    let upload = server.create(10).await;
    let wrong = "sha256 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let request = server.patch(&upload, 0).header("upload-checksum", wrong).body("0123456789");
    assert_eq!(request.send().await.unwrap().status().as_u16(), 460);
    assert_eq!(server.offset(&upload).await, 0);
}

#[tokio::test]
async fn a_part_over_the_limit_is_refused_before_it_is_sent() {
    let desk = Desk::make();
    let server = desk.receive_with(&["--max-part", "1000"]);
    assert_eq!(server.post(1001).send().await.unwrap().status(), 413);
    let upload = server.create(1000).await;
    let answer = server.patch(&upload, 0).body(bytes(1001)).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(server.offset(&upload).await, 0);
}

#[tokio::test]
async fn a_full_store_asks_to_come_back_later_and_has_room_again_after_a_termination() {
    let desk = Desk::make();
    let server = desk.receive_with(&["--max-store", "1000000"]);
    let upload = server.create(500_000).await;
    server.patch(&upload, 0).body(bytes(499_999)).send().await.unwrap();
    let answer = server.post(400_000).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(!header(&answer, "retry-after").is_empty());
    assert_eq!(header(&answer, "tus-resumable"), "1.0.0");

    server.kill();
    let server = desk.receive_with(&["--max-store", "1000000"]);
    assert_eq!(server.post(400_000).send().await.unwrap().status(), 503, "counted at each start");
    let answer = server.tus(Method::DELETE, &upload).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    server.create(400_000).await;
}

#[tokio::test]
async fn lengths_that_are_only_announced_take_no_room() {
    let desk = Desk::make();
    let server = desk.receive_with(&["--max-part", "1048576", "--max-store", "16777216"]);
    for _ in 0..16 {
        server.create(1 << 20).await;
    }
    let small = post_whole(&server, 4096).await;
    assert_eq!(small.status(), 201);
    let upload = server.create(1 << 20).await;
    let answer = server.patch(&upload, 0).body(bytes(1 << 20)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

#[tokio::test]
async fn the_end_of_the_store_is_for_small_parts_alone() {
    let desk = Desk::make();
    let server = desk.receive_with(&["--max-store", "1048576"]);
    let (one, two) = (server.create(500_000).await, server.create(500_000).await);
    let answer = server.patch(&one, 0).body(bytes(500_000)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    // Both fitted when they began, and not both are there: what has no room is asked to wait.
    let answer = server.patch(&two, 0).body(bytes(500_000)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(!header(&answer, "retry-after").is_empty());
    let kept = server.offset(&two).await;
    assert!(kept < 500_000, "{kept}");
    assert_eq!(server.post(400_000).send().await.unwrap().status(), 503);
    let small = post_whole(&server, 64 << 10).await;
    assert_eq!((small.status().as_u16(), header(&small, "upload-offset").as_str()), (201, "65536"));
    let reply = server.create(4096).await;
    assert_eq!(server.patch(&reply, 0).body(bytes(4096)).send().await.unwrap().status(), 204);
}

/// A part that goes with its POST.
async fn post_whole(server: &common::Receive<'_>, length: usize) -> reqwest::Response {
    let post = server.post(length as u64).header("content-type", "application/offset+octet-stream");
    post.body(bytes(length)).send().await.unwrap()
}

#[tokio::test]
async fn an_upload_that_nobody_goes_on_with_ends_and_each_byte_moves_the_end() {
    const HOUR: u64 = 60 * 60;
    let desk = Desk::make();
    let server = desk.receive();
    let answer = server.tus(Method::OPTIONS, "/uploads").send().await.unwrap();
    assert!(header(&answer, "tus-extension").contains("expiration"));
    let answer = server.post(10).send().await.unwrap();
    let soon = header(&answer, "upload-expires");
    let (empty, begun, done) =
        (header(&answer, "location"), server.create(10).await, server.create(4).await);
    let answer = server.patch(&begun, 0).body("12345").send().await.unwrap();
    let late = header(&answer, "upload-expires");
    assert!(soon != late && late.ends_with(" GMT"), "{soon} {late}");
    assert_ne!(header(&server.head(&begun).await, "upload-expires"), soon);
    let answer = server.patch(&done, 0).body("abcd").send().await.unwrap();
    assert_eq!(header(&answer, "upload-expires"), "", "what is complete stays");

    let data = desk.path("public/uploads/data");
    let server = aged(&desk, server, 2 * HOUR);
    assert_eq!(server.head(&empty).await.status(), 404);
    assert_eq!(server.offset(&begun).await, 5);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 2);
    let server = aged(&desk, server, 8 * 24 * HOUR);
    assert_eq!(server.head(&begun).await.status(), 404);
    assert_eq!(std::fs::read(only_file(&data)).unwrap(), b"abcd");
    assert_eq!(std::fs::read_dir(desk.path("public/uploads/state")).unwrap().count(), 1);
}

/// Starts the server anew, `seconds` after the last byte came.
fn aged<'a>(desk: &'a Desk, server: common::Receive<'a>, seconds: u64) -> common::Receive<'a> {
    server.kill();
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    for entry in std::fs::read_dir(desk.path("public/uploads/data")).unwrap() {
        let file = std::fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(then).unwrap();
    }
    desk.receive()
}

#[tokio::test]
async fn a_complete_upload_cannot_be_changed_or_deleted() {
    let desk = Desk::make();
    let server = desk.receive();
    let upload = server.create(4).await;
    server.patch(&upload, 0).body("abcd").send().await.unwrap();
    assert_eq!(server.tus(Method::DELETE, &upload).send().await.unwrap().status(), 403);
    assert_eq!(server.patch(&upload, 4).body("e").send().await.unwrap().status(), 403);
    assert_eq!(std::fs::read(only_file(&desk.path("public/uploads/data"))).unwrap(), b"abcd");
}

#[tokio::test]
async fn a_name_or_a_kind_in_the_metadata_is_refused() {
    let desk = Desk::make();
    let server = desk.receive();
    let id = "MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY="; // the hex of a part id
    let post = |metadata: String| server.post(5).header("upload-metadata", metadata).send();
    assert_eq!(post(format!("part {id}")).await.unwrap().status(), 201);
    for metadata in [
        format!("part {id},filename bWlhLmpwZw=="),
        "filename bWlhLmpwZw==".into(),
        "part bWlh".into(),
    ] {
        assert_eq!(post(metadata.clone()).await.unwrap().status(), 400, "{metadata}");
    }
}

#[tokio::test]
async fn receipts_are_handed_out_by_address_and_nothing_else_is() {
    let desk = Desk::make();
    let address = "00112233445566778899aabbccddeeff";
    std::fs::write(desk.path("public/receipts").join(address), b"sealed").unwrap();
    let server = desk.receive();
    let get = |path: &str| server.client.get(format!("{}/receipts/{path}", server.url)).send();
    let answer = get(address).await.unwrap();
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(answer.bytes().await.unwrap(), "sealed");
    for path in [
        "ffffffffffffffffffffffffffffffff",
        "00112233445566778899AABBCCDDEEFF",
        "%2e%2e%2ftoken",
        "..%2f..%2fprivate%2freceipt.key",
        "%2fetc%2fpasswd",
        "00112233445566778899aabbccddeeff%00",
        "",
        "/",
    ] {
        assert_eq!(get(path).await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_public_side_runs_without_any_key_that_opens_or_signs() {
    let desk = Desk::make();
    for folder in ["private", "offline"] {
        // For root a mode forbids nothing, so the folders also go away.
        let path = desk.path(folder);
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o000);
        std::fs::set_permissions(&path, closed).unwrap();
        std::fs::rename(&path, desk.folder.path().join(folder)).unwrap();
    }
    let server = desk.receive();
    let upload = server.create(4).await;
    let answer = server.patch(&upload, 0).body("abcd").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    drop(server);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    for folder in ["private", "offline"] {
        let open = std::fs::Permissions::clone(&open);
        std::fs::set_permissions(desk.folder.path().join(folder), open).unwrap();
    }
}

#[tokio::test]
async fn a_stop_keeps_what_is_under_way_and_the_log_names_nobody() {
    let desk = Desk::make();
    let server = desk.receive();
    let done = server.create(4).await;
    server.patch(&done, 0).body("abcd").send().await.unwrap();
    let upload = {
        std::fs::remove_file(only_file(&desk.path("public/uploads/data"))).unwrap();
        server.create(1_000_000).await
    };
    let (task, _sender) = stalled_patch(&server, &upload, &bytes(300_000), 1_000_000).await;
    let (code, log) = server.stop();
    task.abort();
    assert_eq!(code, Some(0));
    assert!(log.contains("4 bytes"));
    let (id, other) = (upload.rsplit('/').next().unwrap(), done.rsplit('/').next().unwrap());
    for secret in [id, other, desk.token.as_str(), "127.0.0.1", "uploads"] {
        assert!(!log.contains(secret), "the log tells {secret}: {log}");
    }
    let server = desk.receive();
    assert_eq!(server.offset(&upload).await, 300_000);
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_desks_authority_gets_nothing() {
    let (desk, other) = (Desk::make(), Desk::make());
    let server = desk.receive();
    let stranger = other.client();
    assert!(stranger.get(format!("{}/uploads", server.url)).send().await.is_err());
}
