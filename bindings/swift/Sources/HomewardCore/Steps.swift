// Uploads by the platform's own HTTP stack, such as a background session of URLSession.

import Foundation
import HomewardFFI

extension HomewardClient {
  /// The next request for the platform's HTTP stack; nil if nothing is due. Asked again before its
  /// outcome was told it is the same one. `Refused` as busy while a run sends, and where the person
  /// chose a proxy: nothing goes around that.
  public func nextStep(
    _ conditions: Conditions, proxied: Bool = false
  ) async throws(ApiError) -> HttpStep? {
    try await change { try $0.nextStep(conditions: conditions, proxied: proxied) }
  }

  /// Takes the outcome of a step, in this process or a later one. `NotFound`: nobody waits for it
  /// any more.
  public func onStep(_ step: String, outcome: StepOutcome) async throws(ApiError) {
    try await change { try $0.onStep(step: step, outcome: outcome) }
  }

  /// Lets the sealed first minute of a report go although the server shows another key than the
  /// pack names (`waiting-pin-mismatch`). Only the person may decide that.
  public func sendFirstMinuteAnyway(_ report: String) async throws(ApiError) {
    try await change { try $0.sendFirstMinuteAnyway(report: report) }
  }
}
