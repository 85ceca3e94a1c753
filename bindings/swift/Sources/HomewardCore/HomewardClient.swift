// The client: the blocking core as Swift's tasks meet it.

import Dispatch
import Foundation

// An app imports this module alone, and in one folder only.
@_exported import HomewardFFI

/// Reports, photos and the outbox of one person on one device.
///
/// No call blocks its caller's thread, the cooperative pool's least of all: the core works on
/// threads of its own. What is written is on disk when a call returns. A call whose task is
/// cancelled meanwhile may have been done.
///
/// Besides what each call names, what reads or changes an earlier report throws `Locked`,
/// `KeyLost`, `Damaged` or `FromNewerApp` in the ``state()`` of that name; a report begun meanwhile
/// works in each. All throw `StorageFull`.
///
/// Letting go of the client ends its runs; calls under way end first.
public final class HomewardClient: Sendable {
  private let core: HomewardFFI.Homeward
  private let feed = StatusFeed()
  private let runs = Runs()

  private init(core: HomewardFFI.Homeward) {
    self.core = core
  }

  deinit {
    runs.cancelAll()
  }

  /// Opens the home, a folder that is made if it is new. A vault that can't be opened is a
  /// ``state()``, not an error. One per process and home.
  ///
  /// - Parameters:
  ///   - home: In the app's private storage, and in no backup.
  ///   - deviceKey: Guards what is stored; asked before this returns.
  /// - Returns: The client.
  /// - Throws: `Unexpected` if a new home's key can't be made.
  public static func open(
    home: URL, deviceKey: any DeviceKey
  ) async throws(ApiError) -> HomewardClient {
    let core = try await onCoreThread {
      try HomewardFFI.Homeward.open(home: home.path, deviceKey: deviceKey)
    }
    let client = HomewardClient(core: core)
    await client.readStatuses()
    return client
  }

  /// What can be done with what is stored.
  public func state() async throws(ApiError) -> VaultState {
    try await call { try $0.state() }
  }

  /// How far every report is that was sealed, by its id. The present state comes first, then each
  /// change; who is slow gets the newest only. It follows runs and the calls made here, ends with
  /// the client, and is empty while the core can't say. Each reader has a sequence of its own.
  public var statuses: AsyncStream<[String: ReportStatus]> { feed.statuses() }

  /// What ``statuses`` gives first: how far every report is now.
  public var presentStatuses: [String: ReportStatus] { feed.latest }

  /// Sends what is due and fetches receipts, and returns when nothing is due or the time is over;
  /// ``statuses`` follows. With a time it also waits for parts that come due within it.
  ///
  /// Cancelling the task ends the run, and this returns only when it has ended: nothing goes on
  /// behind a screen that has gone. Nothing that was acknowledged is lost.
  ///
  /// - Parameters:
  ///   - conditions: The network, and whether the battery is to be saved.
  ///   - within: How long it may take.
  ///   - proxy: `socks5h://HOST:PORT` if the person chose one; then nothing goes around it.
  /// - Returns: Why the run ended.
  /// - Throws: `Refused` for a proxy of another kind.
  @discardableResult
  public func run(
    _ conditions: Conditions, within: Duration? = nil, proxy: String? = nil
  ) async throws(ApiError) -> RunEnd {
    let (feed, budget) = (feed, Budget(timeMs: within.map(\.milliseconds)))
    let transfer = try await call {
      try $0.run(budget: budget, conditions: conditions, proxy: proxy, listener: feed)
    }
    let end = await runs.wait(for: transfer)
    // What others changed while the run told of it may have come in another order.
    await readStatuses()
    return try end.get()
  }

  /// Calls the core, off the caller's thread.
  func call<Value: Sendable>(
    _ work: @escaping @Sendable (HomewardFFI.Homeward) throws -> Value
  ) async throws(ApiError) -> Value {
    let core = core
    return try await onCoreThread { try work(core) }
  }

  /// A call after which statuses are other than before.
  func change<Value: Sendable>(
    _ work: @escaping @Sendable (HomewardFFI.Homeward) throws -> Value
  ) async throws(ApiError) -> Value {
    let (core, feed) = (core, feed)
    return try await onCoreThread {
      defer { feed.read(core) }
      return try work(core)
    }
  }

  private func readStatuses() async {
    let (core, feed) = (core, feed)
    // It can't fail: what keeps statuses from being read is a state of the vault.
    try? await onCoreThread { feed.read(core) }
  }
}

/// The core's threads. Every call blocks on the disk, and a wait for a run on the network: neither
/// may hold up the few threads that all tasks share.
private let coreThreads = DispatchQueue(
  label: "org.homeward.core", qos: .userInitiated, attributes: .concurrent)

/// Does `work` on a thread that may block.
func onCoreThread<Value: Sendable>(
  _ work: @escaping @Sendable () throws -> Value
) async throws(ApiError) -> Value {
  let result: Result<Value, ApiError> = await withCheckedContinuation { continuation in
    coreThreads.async {
      continuation.resume(returning: Result { try work() }.mapError(ApiError.init(thrown:)))
    }
  }
  return try result.get()
}

extension ApiError {
  /// The generated side declares no types of errors, and throws no other.
  fileprivate init(thrown error: any Error) {
    self = error as? ApiError ?? .Unexpected(reason: MessageIDs.errorInternal)
  }
}

extension Duration {
  /// Whole milliseconds; none for less than none.
  var milliseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let whole = UInt64(seconds).multipliedReportingOverflow(by: 1000)
    return whole.overflow ? .max : whole.partialValue + UInt64(attoseconds / 1_000_000_000_000_000)
  }
}
