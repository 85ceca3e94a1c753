// What the core does with an app that throws, calls back, or has lost its key.

import Dispatch
import Foundation
import HomewardCore
import Testing

@Suite struct CallbackTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test(arguments: [Odd(), ListenerError.Failed] as [any Error])
  func aListenerThatThrowsEndsNothingAndLosesNothing(thrown: any Error) async throws {
    let core = try await sealed(reports: 2)
    let heard = Heard()
    let end = try await run(core) { status in
      heard.add(status.report)
      throw thrown
    }
    #expect(end == .nothingDue)
    #expect(try heard.words.sorted() == core.statuses().map(\.report).sorted())
  }

  @Test func aListenerThatCallsBackInIsRefusedAlsoWhenItWaitsForItsOwnRun() async throws {
    let core = try await sealed(reports: 1)
    let (heard, handle) = (Heard(), Handle())
    let listener = Hearing { _ in
      let transfer = handle.take()
      for call in [{ _ = try core.reports() }, { _ = try transfer.wait() }] {
        do { try call() } catch ApiError.Refused(let reason) { heard.add(reason) }
      }
      transfer.cancel()
    }
    let transfer = try core.run(
      budget: Budget(), conditions: offline, proxy: nil, listener: listener)
    handle.give(transfer)
    _ = try transfer.wait()
    #expect(heard.words == [MessageIDs.refusedCalledBack, MessageIDs.refusedCalledBack])
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

  @Test(arguments: [Odd(), DeviceKeyError.Failed] as [any Error])
  func whateverElseADeviceKeyThrowsCostsNothingAndItsTextStaysBehind(
    thrown: any Error
  ) async throws {
    let key = BrokenKey(thrown: thrown)
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
    let (held, heard) = (Shared<Homeward?>(nil), Shared<[String: String]>([:]))
    let key = OtherKey(phone.deviceKey) { call in
      guard let core = held.value else { return }
      let reason = reasonOfRefusal { _ = try core.reports() }
      heard.change { $0[call] = reason }
    }
    let core = try Homeward.open(home: phone.home.path, deviceKey: key)
    held.change { $0 = core }
    try core.lock()
    try core.unlock(passphrase: nil)
    try core.setPassphrase(old: nil, new: canary, wrongTryLimit: nil)
    try core.wipe()
    let refused = MessageIDs.refusedCalledBack
    let calls = ["wrap", "unwrap", "delete", "deleteAll"]
    #expect(heard.value == Dictionary(uniqueKeysWithValues: calls.map { ($0, refused) }))
    held.change { $0 = nil }
  }

  @Test func aDeviceKeyThatCallsTheClientFromATaskOfItsOwnIsRefusedAndNothingHangs() async throws {
    let (held, heard) = (Shared<HomewardClient?>(nil), Shared<[String: String]>([:]))
    let key = OtherKey(phone.deviceKey) { [phone] call in
      guard let homeward = held.value else { return }
      let end = DispatchSemaphore(value: 0)
      Task {
        let reasons = [
          await reasonOfRefusal { _ = try await homeward.reports() },
          await reasonOfRefusal { _ = try await homeward.run(offline) },
          await reasonOfRefusal { _ = try await phone.open() },
        ]
        heard.change { $0[call] = Set(reasons).joined(separator: ", ") }
        end.signal()
      }
      // The time ends only what would hang.
      if end.wait(timeout: .now() + 10) == .timedOut { heard.change { $0[call] = "hangs" } }
    }
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    held.change { $0 = homeward }
    try await homeward.lock()
    try await homeward.unlock()
    try await homeward.setPassphrase(old: nil, new: canary)
    try await homeward.wipe()
    let refused = MessageIDs.refusedCalledBack
    let calls = ["wrap", "unwrap", "delete", "deleteAll"]
    #expect(heard.value == Dictionary(uniqueKeysWithValues: calls.map { ($0, refused) }))
    // Afterwards nobody is asked.
    held.change { $0 = nil }
    #expect(try await homeward.reports().isEmpty)
  }

  @Test func aDeviceKeyThatClosesTheClientIsNotWaitedFor() async throws {
    let held = Shared<HomewardClient?>(nil)
    let key = OtherKey(phone.deviceKey) { call in
      guard let homeward = held.value else { return }
      let end = DispatchSemaphore(value: 0)
      Task {
        await homeward.close()
        end.signal()
      }
      #expect(end.wait(timeout: .now() + 10) == .success)
    }
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    try await homeward.lock()
    held.change { $0 = homeward }
    try await homeward.unlock()
    await #expect(throws: ApiError.self) { try await homeward.reports() }
    held.change { $0 = nil }
  }

  @Test func aDeviceThatFailsToDestroyAKeyLeavesTheErasureUnfinishedUntilItDoes() async throws {
    let fails = Shared(true)
    let key = OtherKey(phone.deviceKey) { call in
      if call == "delete" && fails.value { throw DeviceKeyError.Failed }
    }
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    let ids = [try await homeward.newReport(), try await homeward.newReport()]
    try await homeward.delete(ids[0])
    #expect(try await homeward.isErasureUnfinished())
    await #expect(throws: ApiError.NotFound) { try await homeward.report(ids[0]) }
    fails.change { $0 = false }
    try await homeward.delete(ids[1])
    #expect(try await homeward.isErasureUnfinished() == false)
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

/// Hands a run to the listener that hears of it, which may be called before.
private final class Handle: Sendable {
  private let transfer = Shared<Transfer?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func give(_ transfer: Transfer) {
    self.transfer.change { $0 = transfer }
    isThere.signal()
  }

  func take() -> Transfer {
    isThere.wait()
    guard let transfer = transfer.value else { preconditionFailure("it was given") }
    return transfer
  }
}

/// Why the core refused the call.
private func reasonOfRefusal(_ call: () throws -> Void) -> String {
  do { try call() } catch ApiError.Refused(let reason) { return reason } catch { return "\(error)" }
  return "answered"
}

private func reasonOfRefusal(_ call: () async throws -> Void) async -> String {
  do {
    try await call()
  } catch ApiError.Refused(let reason) {
    return reason
  } catch {
    return "\(error)"
  }
  return "answered"
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
