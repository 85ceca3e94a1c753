// The Swift blocks of docs/api.md as they stand there.

import Foundation
import HomewardCore
import Testing

@Suite struct ApiTests {
  @Test @MainActor func theCallsOfOneReportInTheOrderOfThePageEndWithAReceipt() async throws {
    let app = try App()
    try await theCallsOfOneReport(app)
    #expect(app.collected == ["first_minute", "answers"], "both versions were opened")
    #expect(app.drawn.contains { $0 is ReportStatus })
    #expect(app.drawn.contains { $0 is FieldKind })
    #expect(app.shown.contains("Example"))
    #expect(app.proofs.allSatisfy { !$0.isEmpty } && app.proofs.count == 1)
  }
}

/// What the page leaves to the app. On the main actor, as a screen is.
@MainActor
final class App {
  let phone: Phone
  let desk: Desk
  let photo: String
  var drawn: [Any] = []
  var shown: [String] = []
  var collected: [String] = []
  var proofs: [Data] = []

  var home: URL { phone.home }
  var deviceKey: FileDeviceKey { phone.deviceKey }
  var pack: Data { desk.pack }

  init() throws {
    phone = try Phone()
    desk = try Desk()
    photo = try phone.file("photo.jpg", picture).path
  }

  func askPassphrase() -> String { "correct horse" }
  func sayIt(_ texts: Texts) { Issue.record("a new home opens: \(texts)") }
  func show(_ words: String...) { shown += words }
  func hint(_ words: String...) { shown += words }
  func keep(_ proof: Data) { proofs.append(proof) }
  func confirms(_ offer: Offer) -> Bool { !offer.field.isEmpty }
  func draw(_ status: ReportStatus) { drawn.append(status) }

  func draw(_ label: String, _ kind: FieldKind) {
    shown.append(label)
    drawn.append(kind)
  }

  /// A pipe: it can be read once.
  func stream() -> Int32 {
    let pipe = Pipe()
    // A picture of one pixel fits into the pipe.
    pipe.fileHandleForWriting.write(picture)
    // The call closes its own; both of these close with the object.
    return dup(pipe.fileHandleForReading.fileDescriptor)
  }

  func theDeskOpens() throws {
    let opened = try desk.ask("collect")["opened"] as? [[String: Any]] ?? []
    let kinds = Set(opened.compactMap { $0["kind"] as? String })
    collected += ["first_minute", "answers"].filter(kinds.contains)
  }
}
