// Photos, videos and recordings: attach, capture, offer, detach.

import Foundation
import HomewardFFI

extension HomewardClient {
  /// Adds a photo, video or recording to a field: reads its facts, removes its metadata and keeps
  /// the clean copy, sealed. A file is never in memory as a whole. `Refused` for a file that can't
  /// be read or cleaned, and for a field that does not take such a file.
  ///
  /// - Parameters:
  ///   - id: The report.
  ///   - field: The field that it answers.
  ///   - source: The file.
  ///   - original: Whether the untouched file is kept too, sealed, for the police.
  /// - Returns: What is kept of it.
  /// - Throws: `Refused` as said, `NotFound` if there is no such report.
  @discardableResult
  public func attach(
    _ id: String, field: String, source: MediaSource, original: Original = .drop
  ) async throws(ApiError) -> Medium {
    try await handOver(source) {
      try $0.attach(id: id, field: field, source: source, original: original)
    }
  }

  /// Takes in a photo, video or recording, sealed to the vault, and gives the id under which it can
  /// be attached later (`MediaSource.capture`): for a share extension, while the vault is locked,
  /// or from a stream that can be read only once. Nothing is ever written in clear.
  public func capture(from: ByteSource) async throws(ApiError) -> String {
    try await handOver(from) { try $0.capture(from: from) }
  }

  /// The ids of what was captured and not attached yet.
  public func captures() async throws(ApiError) -> [String] {
    try await call { try $0.captures() }
  }

  /// Begins to record for a field, sealed as it comes. Its `write` and `finish` block the thread
  /// that they are called on: the recorder's own. Once nobody holds it, or the process has ended,
  /// nothing of an unfinished recording can be read. `Refused` for a field that takes no recording.
  public func record(_ id: String, field: String) async throws(ApiError) -> Recording {
    try await call { try $0.record(id: id, field: field) }
  }

  /// Takes a medium off a report. What was sent of it stays sent.
  public func detach(_ id: String, medium: String) async throws(ApiError) {
    try await call { try $0.detach(id: id, medium: medium) }
  }

  /// What an attached photo could answer. In a report of a missing child its time and place are
  /// offered as "last seen" only if the person said that it was taken then.
  public func offers(
    _ id: String, medium: String, takenWhenLastSeen: Bool = false
  ) async throws(ApiError) -> [Offer] {
    try await call { try $0.offers(id: id, medium: medium, takenWhenLastSeen: takenWhenLastSeen) }
  }
}
