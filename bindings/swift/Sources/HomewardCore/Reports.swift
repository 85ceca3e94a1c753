// Drafts and reports: begin, list, read, answer, delete.

import Foundation
import HomewardFFI

extension HomewardClient {
  /// A form by its name: `missing_child`, `sighting`, `child_profile`, or one of the paired
  /// organisation's own. Any other is `Refused`.
  public func form(_ form: String) async throws(ApiError) -> FormDefinition {
    try await call { try $0.form(form: form) }
  }

  /// The names of all forms that can be filled in, the paired organisation's own first.
  public func forms() async throws(ApiError) -> [String] {
    try await call { try $0.forms() }
  }

  /// Begins a draft of a form and gives its id.
  ///
  /// - Parameters:
  ///   - form: The form's name.
  ///   - from: A profile, to begin with all that it can fill; or a report of the same form, to
  ///     begin with what another child of the same event shares. Without it this works in every
  ///     state.
  /// - Returns: The report's id.
  /// - Throws: `Refused` for a form that is none.
  public func create(_ form: String, from: String? = nil) async throws(ApiError) -> String {
    try await call { try $0.create(form: form, from: from) }
  }

  /// Lists every report, the one changed last first.
  public func reports() async throws(ApiError) -> [ReportSummary] {
    try await call { try $0.reports() }
  }

  /// Opens one report. `NotFound` if there is none with this id.
  public func report(_ id: String) async throws(ApiError) -> Report {
    try await call { try $0.report(id: id) }
  }

  /// Reads what a person typed into one box, as the field's kind of answer, without storing it.
  /// What can't be read so is kept in the person's words. `Refused` for a form or field that is
  /// none.
  public func understand(
    form: String, field: String, typed: String
  ) async throws(ApiError) -> Answer {
    try await call { try $0.understand(form: form, field: field, typed: typed) }
  }

  /// Answers a question, or with nil takes the answer back. `Refused` for a field that is none, or
  /// an answer of another kind.
  ///
  /// - Returns: What the person should look at now; nothing typed is refused for being odd.
  @discardableResult
  public func set(
    _ id: String, field: String, answer: Answer?
  ) async throws(ApiError) -> [Problem] {
    try await call { try $0.set(id: id, field: field, answer: answer) }
  }

  /// Removes a report from this phone, with everything that was attached or sealed.
  public func delete(_ id: String) async throws(ApiError) {
    try await change { try $0.delete(id: id) }
  }
}
