// What goes back and forth after a report: the face, questions, replies, recalls, receipts.

import Foundation
import HomewardFFI

extension HomewardClient {
  /// Keeps a small JPEG of a photo, at most 40,000 bytes, that the phone's own decoder made. The
  /// first photo's leaves right after the first minute, the photo itself follows unchanged.
  /// `Refused` if it is larger or no JPEG.
  public func setFace(_ id: String, medium: String, jpeg: Data) async throws(ApiError) {
    try await call { try $0.setFace(id: id, medium: medium, jpeg: jpeg) }
  }

  /// What the organisation asked and the person replied, the oldest first. `Locked` while the vault
  /// is.
  public func messages(_ id: String) async throws(ApiError) -> [Message] {
    try await call { try $0.messages(id: id) }
  }

  /// Seals a reply for the organisation and queues it; a run sends it. It answers the last question
  /// that has no reply yet; without one the person just writes. `Refused` if it is empty or too
  /// long, and before anything of the report was sealed.
  @discardableResult
  public func reply(_ id: String, text: String) async throws(ApiError) -> SealedReport {
    try await change { try $0.reply(id: id, text: text) }
  }

  /// Tells everybody who got anything of the report that the search can end; first in the queue. A
  /// claim: nothing is deleted anywhere, and pictures that have not left are held until the
  /// organisation says what becomes of them.
  @discardableResult
  public func recall(_ id: String, why: RecallReason) async throws(ApiError) -> SealedReport {
    try await change { try $0.recall(id: id, why: why) }
  }

  /// The last receipt that was believed, if there is one.
  public func receipt(_ id: String) async throws(ApiError) -> Receipt? {
    try await call { try $0.receipt(id: id) }
  }

  /// The file that proves the receipt to anyone, offline. `Refused` without a receipt.
  public func proof(_ id: String) async throws(ApiError) -> Data {
    try await call { try $0.proof(id: id) }
  }

  /// The same proof as a QR code, for whoever knows the organisation. `Refused` without a receipt,
  /// and for one that names too many parts.
  public func proofQr(_ id: String) async throws(ApiError) -> QrModules {
    try await call { try $0.proofQr(id: id) }
  }
}
