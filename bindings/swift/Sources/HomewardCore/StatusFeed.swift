// Turns what the core tells, on a thread of its own, into sequences of whole states.

import Foundation
import HomewardFFI

/// Hears how reports get on, and tells every reader.
final class StatusFeed: Listener {
  private struct State: Sendable {
    var latest: [String: ReportStatus] = [:]
    var readers: [UUID: AsyncStream<[String: ReportStatus]>.Continuation] = [:]
    var isOver = false

    mutating func tell(_ statuses: [String: ReportStatus]) {
      guard statuses != latest else { return }
      latest = statuses
      for reader in readers.values { reader.yield(statuses) }
    }
  }

  private let state = Locked(State())
  /// Whose turn it is to bring what the core said: what was said before a change must not be put in
  /// its place. Apart from the state, which a screen reads: the core may take its time to answer.
  private let turn = NSLock()

  /// The present state.
  var latest: [String: ReportStatus] { state.value.latest }

  deinit {
    finish()
  }

  /// A sequence for one reader: the present state, then the newest after each change.
  func statuses() -> AsyncStream<[String: ReportStatus]> {
    let (stream, reader) = AsyncStream.makeStream(
      of: [String: ReportStatus].self, bufferingPolicy: .bufferingNewest(1))
    let id = UUID()
    reader.onTermination = { [weak self] _ in
      self?.state.change { _ = $0.readers.removeValue(forKey: id) }
    }
    let isOver = state.change { state in
      reader.yield(state.latest)
      if !state.isOver { state.readers[id] = reader }
      return state.isOver
    }
    if isOver { reader.finish() }
    return stream
  }

  /// Takes all statuses anew from `core`, so that a deleted report goes too.
  ///
  /// The core holds no lock while it calls, so nobody waits for somebody who waits for him.
  func read(_ core: () throws -> [ReportStatus]) {
    turn.withLock {
      // What keeps them from being read is a state of the vault, and is shown as such.
      let statuses = (try? core()) ?? []
      state.change { $0.tell(Dictionary(statuses.map { ($0.report, $0) }) { _, last in last }) }
    }
  }

  /// Called by the core, on the run's thread.
  func onChange(status: ReportStatus) {
    turn.withLock {
      state.change { state in
        state.tell(state.latest.merging([status.report: status]) { _, new in new })
      }
    }
  }

  /// Ends every sequence, and those that begin later after the present state.
  func finish() {
    let readers = state.change { state in
      state.isOver = true
      return state.readers.values
    }
    // Not under the lock: who hears of the end takes it.
    for reader in readers { reader.finish() }
  }
}
