// Opening and closing again and again, and a process that is killed.

import Foundation
import HomewardCore
import Testing

@Suite struct LifeTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func openingTwoHundredTimesLeavesNoMemoryAndNoThreadBehind() async throws {
    let id = try await phone.open().newReport()
    for _ in 0..<50 { _ = try await phone.open().report(id) }
    let (memory, threads) = (kilobytes(of: "VmRSS"), kilobytes(of: "Threads"))
    for _ in 0..<200 { _ = try await phone.open().report(id) }
    // One database is some hundred kilobytes; two hundred that stayed would be far more.
    #expect(kilobytes(of: "VmRSS") - memory < 20_000)
    #expect(kilobytes(of: "Threads") - threads < 8)
  }

  @Test func lettingGoDuringACallEndsTheCallFirst() async throws {
    for _ in 0..<20 {
      var homeward: HomewardClient? = try await phone.open()
      let call = Task { [homeward] in try await homeward?.newReport() }
      homeward = nil
      #expect(try await call.value != nil)
    }
    #expect(try await phone.open().reports().count == 20)
  }

  @Test func aProcessThatWasKilledLosesNothingThatItSaidIsOnThePhone() async throws {
    let desk = try Desk()
    let pack = try phone.file("pack.homeward", desk.pack)
    let sample = try Program(sampleProgram, [phone.home.path, pack.path])
    let said = String(decoding: sample.someOutput(), as: UTF8.self)
    sample.signal(SIGKILL)
    let words = said.split(whereSeparator: \.isWhitespace)
    let id = try #require(words.last { $0.count == 32 })

    let key = FileDeviceKey(folder: URL(fileURLWithPath: phone.home.path + ".key"))
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    let report = try await homeward.report(String(id))
    #expect(report.answers.count == 3)
  }

  @Test func theSampleBringsAReportToTheOrganisation() throws {
    let desk = try Desk()
    let pack = try phone.file("pack.homeward", desk.pack)
    let (said, code) = try Program(sampleProgram, [phone.home.path, pack.path]).outcome()
    #expect(code == 0)
    #expect(String(decoding: said, as: UTF8.self).contains("sent: nothingDue stored"))
    #expect(try desk.ask("collect")["opened"] != nil)
  }
}

/// Built beside the tests.
private let sampleProgram = URL(fileURLWithPath: CommandLine.arguments[0])
  .deletingLastPathComponent().appendingPathComponent("HomewardSample")

/// A number of this process, as the kernel counts it.
private func kilobytes(of what: String) -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix(what + ":") }
  return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
}
