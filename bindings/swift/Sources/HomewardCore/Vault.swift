// The vault and the profiles in it: lock, unlock, passphrase, wipe, suspend; export and import.

import Foundation
import HomewardFFI

extension HomewardClient {
  /// Opens a locked vault; with the passphrase if it has one. What was begun meanwhile moves in.
  /// `Refused` for a wrong passphrase.
  public func unlock(passphrase: String? = nil) async throws(ApiError) {
    try await change { try $0.unlock(passphrase: passphrase) }
  }

  /// Forgets the vault key until it is unlocked. Sealed parts go on leaving.
  public func lock() async throws(ApiError) {
    try await change { try $0.lock() }
  }

  /// Sets, changes or (with no new one) removes the passphrase. Takes about half a second.
  ///
  /// - Parameters:
  ///   - old: The one in force, if any.
  ///   - new: The one to be, if any.
  ///   - wrongTryLimit: So many wrong tries in a row destroy the vault's key; sealed, unsent parts
  ///     still leave. Without one the limit stays as it was: who wants none any more removes the
  ///     passphrase and sets it anew.
  /// - Throws: `Refused` for a wrong old one, an empty new one and a limit of 0.
  public func setPassphrase(
    old: String?, new: String?, wrongTryLimit: UInt32? = nil
  ) async throws(ApiError) {
    try await call { try $0.setPassphrase(old: old, new: new, wrongTryLimit: wrongTryLimit) }
  }

  /// Whether the vault opens with a passphrase only. Where it does not and is locked, it waits for
  /// the device: ask the person for nothing.
  public func hasPassphrase() async throws(ApiError) -> Bool {
    try await call { try $0.hasPassphrase() }
  }

  /// Whether the device failed to destroy a key when a report was deleted or the passphrase changed.
  /// That was done; but a copy of the home made before would still open on this very device. Each
  /// start, and each deletion, tries again.
  public func isErasureUnfinished() async throws(ApiError) -> Bool {
    try await call { try $0.isErasureUnfinished() }
  }

  /// Lets go of the database, as iOS demands of an app that goes to the background. `Refused` if
  /// another call does not end within the time.
  public func suspend(within: Duration) async throws(ApiError) {
    let time = within.milliseconds
    try await call { try $0.suspend(withinMs: time) }
  }

  /// Opens the database again after a suspend.
  public func resume() async throws(ApiError) {
    try await change { try $0.resume() }
  }

  /// Destroys everything on this phone: the device's keys first, so that no copy opens, then the
  /// files. The home is new afterwards, and not paired.
  public func wipe() async throws(ApiError) {
    try await change { try $0.wipe() }
  }

  /// What of the profiles should be looked at again. None for a child with any report.
  public func reminders() async throws(ApiError) -> [Reminder] {
    try await call { try $0.reminders() }
  }

  /// Writes a profile as one age file under a passphrase, for another phone.
  public func exportProfile(
    _ id: String, passphrase: String, to: ByteTarget
  ) async throws(ApiError) {
    try await handOver(to) { try $0.exportProfile(id: id, passphrase: passphrase, to: to) }
  }

  /// Reads a profile that another phone exported, as a new profile, and gives its id. `Refused` for
  /// what is no such file, and for a wrong passphrase.
  public func importProfile(
    passphrase: String, from: ByteSource
  ) async throws(ApiError) -> String {
    try await handOver(from) { try $0.importProfile(passphrase: passphrase, from: from) }
  }
}
