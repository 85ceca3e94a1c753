// The client: the blocking core as Swift's tasks meet it.

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
/// works in each. All throw `StorageFull`; `Unexpected` after ``close()``, which is the app's bug;
/// and `Refused` from within a device key's call, also in the tasks that it starts there. A detached
/// task and a queue of its own are not recognised: a key that waits for those waits for ever.
///
/// A call holds the client, and so does a run: to end runs, cancel their tasks or ``close()``. Once
/// nobody holds it the home is let go of as well.
public final class HomewardClient: Sendable {
  private let core: OpenCore
  private let feed = StatusFeed()
  private let runs = Runs()

  private init(core: OpenCore) {
    self.core = core
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
    let client = HomewardClient(core: try await .open(home: home, deviceKey: deviceKey))
    try await client.change { _ in }
    return client
  }

  /// Ends every run and closes the home, and returns when that is done: calls under way end first.
  /// ``statuses`` end. What still records holds the home until it is finished. A second call does
  /// nothing.
  public func close() async {
    runs.close()
    await core.close()
    feed.finish()
  }

  /// What can be done with what is stored.
  public func state() async throws(ApiError) -> VaultState {
    try await call { try $0.state() }
  }

  /// How far every report is that was sealed, by its id. The present state comes first, then each
  /// change; who is slow gets the newest only. It follows runs and the calls made here, ends with
  /// the client or its ``close()``, and is empty while the core can't say. Each reader has a
  /// sequence of its own.
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
    let run = runs.begin()
    defer { runs.end(run) }
    return try await withTaskCancellationHandler {
      await result { () async throws(ApiError) in
        // What others changed while the run told of it may have come in another order.
        try await change { core in
          let transfer = try core.run(
            budget: budget, conditions: conditions, proxy: proxy, listener: feed)
          return try run.wait(for: transfer)
        }
      }
    } onCancel: {
      run.cancel()
    }.get()
  }

  /// Calls the core, off the caller's thread.
  func call<Value: Sendable>(
    _ work: @escaping @Sendable (HomewardFFI.Homeward) throws -> Value
  ) async throws(ApiError) -> Value {
    try await core.call(work)
  }

  /// A call after which statuses may be other than before.
  func change<Value: Sendable>(
    _ work: @escaping @Sendable (HomewardFFI.Homeward) throws -> Value
  ) async throws(ApiError) -> Value {
    try await core.call { [feed] core in
      defer { feed.read(core.statuses) }
      return try work(core)
    }
  }
}

/// What `work` gives or throws: not every function of Swift's own carries the type of an error.
private func result<Value: Sendable>(
  of work: () async throws(ApiError) -> Value
) async -> Result<Value, ApiError> {
  do throws(ApiError) { return .success(try await work()) } catch { return .failure(error) }
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
