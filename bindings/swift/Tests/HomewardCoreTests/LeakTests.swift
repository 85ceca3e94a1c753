// An app that logs every error and every value, throws or crashes, tells nothing of what was said.

import Foundation
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
}
