// An app that logs every error and every value, throws or crashes, tells nothing of what was said.

import Foundation
import HomewardCore
import Testing

@Suite struct LeakTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test(arguments: ["tells", "throws", "crashes"])
  func noWordThatWasSaidAndNoNameOfAFileIsInWhatTheProcessPrints(how: String) throws {
    let folder = phone.folder.appendingPathComponent(canary)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    try Desk().pack.write(to: folder.appendingPathComponent("pack"))
    try picture.write(to: folder.appendingPathComponent("picture"))
    let program = builtBesideTheTests("HomewardMistakes")
    let (output, code) = try Program(program, [folder.path, how], reading: .all).outcome()
    let said = String(decoding: output, as: UTF8.self)
    #expect((code == 0) == (how == "tells"))
    #expect(said.contains("10 mistakes") && said.contains("Refused"))
    let last = ["tells": "10 mistakes", "throws": "raised at top level", "crashes": "of the app"]
    #expect(said.contains(last[how] ?? "?"))
    #expect(!said.contains(canary), "\(said)")
  }
  @Test func noRecordPrintsTheIdsPathsAndTimesThatItHolds() {
    let part = SealedPart(part: canary, audiences: [], kind: .answers, bytes: 7_073_073)
    let records: [Any] = [
      part, SealedReport(report: canary, version: 1, parts: [part]),
      PlannedPart(part: canary, bytes: 7_073_073, reason: nil),
      RefusedPart(part: canary, reason: canary),
      Reminder(profile: canary, field: canary, answeredAtMs: 7_073_073),
      StepBody(file: canary, offset: 7_073_073, bytes: 7_073_073),
      MessageFrom.organisation(question: canary, answered: false),
      MessageFrom.person(question: canary), Moment(unixMs: 7_073_073, offsetMinutes: 60),
    ]
    for record in records {
      for printed in ["\(record)", "\([record])", String(reflecting: record)] {
        #expect(!printed.contains(canary) && !printed.contains("7073073"), "\(printed)")
      }
    }
  }
}
