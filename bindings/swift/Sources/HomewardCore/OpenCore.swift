// The open core and its threads: every call goes through here, and so does its end.

import Dispatch
import Foundation
import HomewardFFI

/// The core while it is open.
///
/// Every call blocks on the disk, and a wait for a run on the network: neither may hold up the few
/// threads that all tasks share, so the core works on threads of its own.
final class OpenCore: Sendable {
  private let core: Locked<HomewardFFI.Homeward?>
  private let threads: DispatchQueue

  private init(_ core: HomewardFFI.Homeward, threads: DispatchQueue) {
    self.core = Locked(core)
    self.threads = threads
  }

  /// Opens the core of a home.
  static func open(home: URL, deviceKey: any DeviceKey) async throws(ApiError) -> OpenCore {
    let threads = DispatchQueue(
      label: "org.homeward.core", qos: .userInitiated, attributes: .concurrent)
    let key = AskedKey(deviceKey)
    return try await on(threads) {
      OpenCore(try .open(home: home.path, deviceKey: key), threads: threads)
    }
  }

  /// Calls the core, off the caller's thread.
  func call<Value: Sendable>(
    _ work: @escaping @Sendable (HomewardFFI.Homeward) throws -> Value
  ) async throws(ApiError) -> Value {
    try await on(threads) { [core] in
      // Who calls what is closed has a bug.
      guard let core = core.value else {
        throw ApiError.Unexpected(reason: MessageIDs.errorInternal)
      }
      return try work(core)
    }
  }

  /// Frees the core, and returns once that is done: after all calls that were begun before.
  func close() async {
    await withCheckedContinuation { continuation in
      let asked = AskedKey.isAsked
      threads.async(flags: .barrier) { [core] in
        core.change { $0 = nil }
        if !asked { continuation.resume() }
      }
      // The call that asks the key is one of those before: who waited here would wait for himself.
      if asked { continuation.resume() }
    }
  }
}

/// Does `work` on a thread that may block.
private func on<Value: Sendable>(
  _ threads: DispatchQueue, _ work: @escaping @Sendable () throws -> Value
) async throws(ApiError) -> Value {
  guard !AskedKey.isAsked else { throw .Refused(reason: MessageIDs.refusedCalledBack) }
  let result: Result<Value, ApiError> = await withCheckedContinuation { continuation in
    threads.async {
      continuation.resume(returning: Result { try work() }.mapError(ApiError.init(thrown:)))
    }
  }
  return try result.get()
}

/// The app's key as the core asks it, which must not call back in.
///
/// The core refuses what is called on the thread on which it asks. A call of the client is made on
/// another one, where it would wait for the call that asks; so the tasks remember it as well.
private final class AskedKey: DeviceKey {
  /// Whether this is done for a key that is being asked.
  @TaskLocal static var isAsked = false

  private let key: any DeviceKey

  init(_ key: any DeviceKey) {
    self.key = key
  }

  func wrap(slot: KeySlot, key: Data) throws -> Data {
    try Self.$isAsked.withValue(true) { try self.key.wrap(slot: slot, key: key) }
  }

  func unwrap(slot: KeySlot, wrapped: Data) throws -> Data {
    try Self.$isAsked.withValue(true) { try key.unwrap(slot: slot, wrapped: wrapped) }
  }

  func delete(slot: KeySlot) throws {
    try Self.$isAsked.withValue(true) { try key.delete(slot: slot) }
  }

  func deleteAll() throws {
    try Self.$isAsked.withValue(true) { try key.deleteAll() }
  }
}

extension ApiError {
  /// The generated side declares no types of errors, and throws no other.
  fileprivate init(thrown error: any Error) {
    self = error as? ApiError ?? .Unexpected(reason: MessageIDs.errorInternal)
  }
}
