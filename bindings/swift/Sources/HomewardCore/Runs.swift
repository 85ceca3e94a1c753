// The runs under way: what a task's cancellation and the end of the client reach.

import Foundation
import HomewardFFI

/// The runs of one client.
final class Runs: Sendable {
  private struct State: Sendable {
    var isClosed = false
    var underWay: [ObjectIdentifier: Run] = [:]
  }

  private let state = Locked(State())

  /// A run that is about to begin.
  func begin() -> Run {
    let run = Run()
    let isClosed = state.change { state in
      state.underWay[ObjectIdentifier(run)] = run
      return state.isClosed
    }
    if isClosed { run.cancel() }
    return run
  }

  /// It has ended.
  func end(_ run: Run) {
    state.change { $0.underWay[ObjectIdentifier(run)] = nil }
  }

  /// Cancels every run, those that are about to begin too.
  func close() {
    let underWay = state.change { state in
      state.isClosed = true
      return state.underWay.values
    }
    for run in underWay { run.cancel() }
  }
}

/// A run, from before it begins: it can be cancelled at any moment.
final class Run: Sendable {
  private struct State: Sendable {
    var isCancelled = false
    var transfer: Transfer?
  }

  private let state = Locked(State())

  /// Ends it within a moment. Swift's cancellation does not reach Rust by itself.
  func cancel() {
    state.change { state in
      state.isCancelled = true
      state.transfer?.cancel()
    }
  }

  /// Blocks until it has ended, and tells why.
  func wait(for transfer: Transfer) throws -> RunEnd {
    state.change { state in
      state.transfer = transfer
      if state.isCancelled { transfer.cancel() }
    }
    return try transfer.wait()
  }
}

/// A value that several threads change.
final class Locked<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var held: Value

  init(_ value: Value) {
    held = value
  }

  var value: Value { change { $0 } }

  func change<Result>(_ work: (inout Value) throws -> Result) rethrows -> Result {
    try lock.withLock { try work(&held) }
  }
}
