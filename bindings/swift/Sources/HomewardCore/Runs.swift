// The runs under way: what a task's cancellation and the end of the client reach.

import Foundation
import HomewardFFI

/// Waits for runs, and cancels them.
final class Runs: Sendable {
  private let transfers = Locked<[ObjectIdentifier: Transfer]>([:])

  /// Waits until the run has ended; if the task is cancelled the run is, too.
  func wait(for transfer: Transfer) async -> Result<RunEnd, ApiError> {
    let id = ObjectIdentifier(transfer)
    transfers.change { $0[id] = transfer }
    defer { transfers.change { $0[id] = nil } }
    return await withTaskCancellationHandler {
      do throws(ApiError) {
        return .success(try await onCoreThread { try transfer.wait() })
      } catch {
        return .failure(error)
      }
    } onCancel: {
      // Swift's cancellation does not reach Rust by itself.
      transfer.cancel()
    }
  }

  /// Cancels every run.
  func cancelAll() {
    for transfer in transfers.value.values { transfer.cancel() }
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
