// What the core does with an app that throws, calls back, or has lost its key.

import Foundation
import HomewardCore
import Testing

@Suite struct CallbackTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func aListenerThatThrowsEndsNothingAndLosesNothing() async throws {
    let core = try await sealed(reports: 2)
    let heard = Heard()
    let end = try await run(core) { status in
      heard.add(status.report)
      throw Odd()
    }
    #expect(end == .nothingDue)
    #expect(try heard.words.sorted() == core.statuses().map(\.report).sorted())
  }

  @Test func aListenerThatCallsBackInIsRefusedAndNothingHangs() async throws {
    let core = try await sealed(reports: 1)
    let heard = Heard()
    _ = try await run(core) { _ in
      do { _ = try core.reports() } catch ApiError.Refused(let reason) { heard.add(reason) }
    }
    #expect(heard.words == [MessageIDs.refusedCalledBack])
  }

  @Test func whatTheDeviceKeySaysBecomesAState() async throws {
    let id = try await phone.open().newReport()
    let cases: [(any Error, VaultState, ApiError)] = [
      (DeviceKeyError.Refused, .locked, .Locked), (DeviceKeyError.Gone, .keyLost, .KeyLost),
    ]
    for (thrown, state, error) in cases {
      let key = BrokenKey(thrown: thrown)
      let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
      #expect(try await homeward.state() == state)
      await #expect(throws: error) { try await homeward.report(id) }
    }
    #expect(try await phone.open().reports().count == 1)
  }

  @Test func whateverElseADeviceKeyThrowsCostsNothingAndItsTextStaysBehind() async throws {
    let key = BrokenKey(thrown: Odd())
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    #expect(try await homeward.state() == .locked)
    do {
      _ = try await homeward.newReport()
      Issue.record("a draft was begun without any key")
    } catch {
      #expect(!"\(error)".contains(canary))
    }
    // It may go better later.
    _ = try await phone.open().newReport()
    #expect(try await phone.open().reports().count == 1)
  }

  @Test func aDeviceKeyThatCallsBackInIsRefusedFromEachOfItsCalls() throws {
    let key = Meddler(inner: phone.deviceKey)
    let core = try Homeward.open(home: phone.home.path, deviceKey: key)
    key.core.change { $0 = core }
    try core.lock()
    try core.unlock(passphrase: nil)
    try core.setPassphrase(old: nil, new: canary, wrongTryLimit: nil)
    try core.wipe()
    #expect(Set(key.heard.value.keys) == ["wrap", "unwrap", "delete"])
    #expect(Set(key.heard.value.values) == [MessageIDs.refusedCalledBack])
    key.core.change { $0 = nil }
  }

  @Test func aDamagedHomeAndOneOfANewerAppAreStatesAndStayAsTheyAre() async throws {
    let earlier = try await phone.open()
    let id = try await earlier.newReport()
    // What is not let go of is written back.
    try await earlier.suspend(within: .seconds(5))
    let whole = try Data(contentsOf: phone.database)
    var newer = whole
    // SQLite's user version, which is the schema's.
    newer.replaceSubrange(60..<64, with: [0, 0, 0x27, 0x0F])
    let cases: [(Data, VaultState, ApiError)] = [
      (newer, .fromNewerApp, .FromNewerApp),
      (Data(repeating: 7, count: whole.count), .damaged, .Damaged),
    ]
    for (bytes, state, error) in cases {
      try bytes.write(to: phone.database)
      let homeward = try await phone.open()
      #expect(try await homeward.state() == state)
      await #expect(throws: error) { try await homeward.report(id) }
      try await homeward.suspend(within: .seconds(5))
      #expect(try Data(contentsOf: phone.database) == bytes)
    }
    try whole.write(to: phone.database)
    #expect(try await phone.open().reports().count == 1)
  }

  /// The core itself, with so many sealed reports, beneath the client: it takes any listener.
  private func sealed(reports: Int) async throws -> Homeward {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    for _ in 0..<reports { try await homeward.send(homeward.newReport()) }
    return try Homeward.open(home: phone.home.path, deviceKey: phone.deviceKey)
  }

  private func run(
    _ core: Homeward, hear: @escaping @Sendable (ReportStatus) throws -> Void
  ) async throws -> RunEnd {
    let listener = Hearing(hear: hear)
    let transfer = try core.run(
      budget: Budget(), conditions: offline, proxy: nil, listener: listener)
    return try transfer.wait()
  }
}

private struct Odd: Error, CustomStringConvertible {
  let description = canary
}

private final class Heard: Sendable {
  private let all = Shared<[String]>([])
  var words: [String] { all.value }

  func add(_ word: String) { all.change { $0.append(word) } }
}

private final class Hearing: Listener {
  private let hear: @Sendable (ReportStatus) throws -> Void

  init(hear: @escaping @Sendable (ReportStatus) throws -> Void) {
    self.hear = hear
  }

  func onChange(status: ReportStatus) throws { try hear(status) }
}

/// A device's key that calls the core from within each of its calls, and notes what it hears.
private final class Meddler: DeviceKey {
  let core = Shared<Homeward?>(nil)
  let heard = Shared<[String: String]>([:])
  private let inner: FileDeviceKey

  init(inner: FileDeviceKey) {
    self.inner = inner
  }

  func wrap(slot: KeySlot, key: Data) throws -> Data {
    meddle(from: "wrap")
    return try inner.wrap(slot: slot, key: key)
  }

  func unwrap(slot: KeySlot, wrapped: Data) throws -> Data {
    meddle(from: "unwrap")
    return try inner.unwrap(slot: slot, wrapped: wrapped)
  }

  func delete(slot: KeySlot) throws {
    meddle(from: "delete")
    try inner.delete(slot: slot)
  }

  private func meddle(from call: String) {
    guard let core = core.value else { return }
    do {
      _ = try core.reports()
      heard.change { $0[call] = "answered" }
    } catch ApiError.Refused(let reason) {
      heard.change { $0[call] = reason }
    } catch {
      heard.change { $0[call] = "another error" }
    }
  }
}
