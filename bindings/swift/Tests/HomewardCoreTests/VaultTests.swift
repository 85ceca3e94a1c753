import Foundation
import HomewardCore
import Testing

@Suite struct VaultTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func aPassphraseLocksWhatIsStoredAndAWrongOneDoesNotOpenIt() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    #expect(try await homeward.hasPassphrase() == false)
    try await homeward.setPassphrase(old: nil, new: "right")
    #expect(try await homeward.hasPassphrase())
    #expect(try await homeward.isErasureUnfinished() == false)
    try await homeward.lock()
    #expect(try await homeward.state() == .locked)
    await #expect(throws: ApiError.Locked) { try await homeward.report(id) }
    await #expect(throws: ApiError.self) { try await homeward.unlock(passphrase: "wrong") }
    try await homeward.unlock(passphrase: "right")
    #expect(try await homeward.report(id).answers["child_name"] == name)
  }

  @Test func whatIsSpokenGoesStraightIntoTheVaultAndWhileLockedIntoItsIntake() async throws {
    // A frame of AAC that holds one byte.
    let frame = Data([0xff, 0xf1, 0x50, 0x80, 0x01, 0x00, 0xfc, 0x00])
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    await #expect(throws: ApiError.self) { try await homeward.record(id, field: "photo") }
    let first = try await homeward.record(id, field: "statement")
    for _ in 0..<50 { try first.write(bytes: frame) }
    guard case .attached(let medium) = try first.finish() else {
      Issue.record("not attached")
      return
    }
    #expect(medium.bytes == 400)
    #expect(throws: ApiError.self) { try first.write(bytes: frame) }
    let dropped = try await homeward.record(id, field: "statement")
    try dropped.write(bytes: frame)
    try dropped.discard()
    #expect(throws: ApiError.self) { try dropped.finish() }

    try await homeward.setPassphrase(old: nil, new: "right")
    let second = try await homeward.record(id, field: "statement")
    try second.write(bytes: frame)
    try await homeward.lock()
    guard case .captured(let capture) = try second.finish() else {
      Issue.record("not captured")
      return
    }
    try await homeward.unlock(passphrase: "right")
    try await homeward.attach(id, field: "statement", source: .capture(id: capture))
    #expect(try await homeward.report(id).media.count == 2)
  }

  @Test func whatCameWhileLockedIsThereAfterUnlocking() async throws {
    let homeward = try await phone.open()
    try await homeward.lock()
    let id = try await homeward.newReport()
    let capture = try await homeward.capture(from: .bytes(bytes: picture))
    try await homeward.unlock()
    #expect(try await homeward.captures() == [capture])
    let source = MediaSource.capture(id: capture)
    #expect(try await homeward.attach(id, field: "photo", source: source).format == "jpg")
    #expect(try await homeward.captures().isEmpty)
  }

  @Test func theDatabaseIsLetGoOfAndTakenUpAgain() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    try await homeward.suspend(within: .seconds(5))
    try await homeward.resume()
    #expect(try await homeward.report(id).answers["child_name"] == name)
  }

  @Test func aProfileGoesToAnotherPhoneAsAFile() async throws {
    let homeward = try await phone.open()
    let file = phone.folder.appendingPathComponent("profile.age").path
    let profile = try await homeward.create("child_profile")
    try await homeward.set(profile, field: "child_name", answer: name)
    try await homeward.exportProfile(profile, passphrase: "words", to: .path(path: file))
    let exported = try Data(contentsOf: URL(fileURLWithPath: file))
    let report = try await homeward.newReport()
    await #expect(throws: ApiError.self) {
      try await homeward.exportProfile(report, passphrase: "words", to: .path(path: file))
    }
    // What was refused took nothing away.
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == exported)

    let other = try Phone()
    let reader = try await other.open()
    await #expect(throws: ApiError.self) {
      try await reader.importProfile(passphrase: "other words", from: .path(path: file))
    }
    let read = try await reader.importProfile(passphrase: "words", from: .path(path: file))
    let filled = try await reader.create("missing_child", from: read)
    #expect(try await reader.report(filled).answers["child_name"] == name)
    #expect(try await reader.reminders().isEmpty)
  }

  @Test func afterAWipeTheHomeIsNew() async throws {
    let homeward = try await phone.open()
    _ = try await homeward.newReport()
    try await homeward.wipe()
    #expect(try await homeward.reports().isEmpty)
    #expect(try await homeward.pairing() == nil)
  }

  @Test func anotherDeviceKeyDoesNotOpenTheHome() async throws {
    let key = phone.deviceKey
    let secret = Data(repeating: 7, count: 32)
    let wrapped = try key.wrap(slot: .vault(generation: 0), key: secret)
    #expect(try key.unwrap(slot: .vault(generation: 0), wrapped: wrapped) == secret)
    #expect(throws: DeviceKeyError.Gone) {
      try key.unwrap(slot: .outbox(generation: 0), wrapped: wrapped)
    }
    #expect(throws: DeviceKeyError.Failed) {
      try key.unwrap(slot: .vault(generation: 0), wrapped: Data("../../etc/passwd".utf8))
    }
    try key.delete(slot: .vault(generation: 0))
    #expect(throws: DeviceKeyError.Gone) {
      try key.unwrap(slot: .vault(generation: 0), wrapped: wrapped)
    }
  }

  @Test func allKeysAreDeletedAlsoThoseOfAnEarlierProcess() throws {
    try phone.deviceKey.deleteAll()
    let secret = Data(repeating: 7, count: 32)
    let slots: [KeySlot] = [.vault(generation: 7), .outbox(generation: 4_000_000_000)]
    let wrapped = try slots.map { ($0, try phone.deviceKey.wrap(slot: $0, key: secret)) }
    try phone.deviceKey.deleteAll()
    for (slot, one) in wrapped {
      #expect(throws: DeviceKeyError.Gone) { try phone.deviceKey.unwrap(slot: slot, wrapped: one) }
    }
  }
}
