// The organisation and what goes to it: pair, send, retry, plan.

import Foundation
import HomewardFFI

extension HomewardClient {
  /// Takes an organisation's signed pack. `Refused` for what is no pack, or not a newer one of the
  /// same organisation; the one before stays.
  @discardableResult
  public func pair(_ pack: Data) async throws(ApiError) -> Pairing {
    try await change { try $0.pair(pack: pack) }
  }

  /// The paired organisation, if any.
  public func pairing() async throws(ApiError) -> Pairing? {
    try await call { try $0.pairing() }
  }

  /// Seals a version of a report for its audiences and queues it; a run sends it. `Refused` without
  /// a paired organisation, for a report that says nothing, and when nothing is new.
  @discardableResult
  public func send(
    _ id: String, scope: Scope = .all, when: SendWhen = .preset
  ) async throws(ApiError) -> SealedReport {
    try await change { try $0.send(id: id, scope: scope, when: when) }
  }

  /// Starts a parked part again, at the next run.
  public func retry(_ part: String) async throws(ApiError) {
    try await change { try $0.retry(part: part) }
  }

  /// What would be sent now, and what waits, and why.
  public func plan(_ conditions: Conditions) async throws(ApiError) -> Plan {
    try await call { try $0.plan(conditions: conditions) }
  }
}
