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
    for round in 0..<200 {
      let homeward = try await phone.open()
      _ = try await homeward.report(id)
      // Closed or just let go of.
      if round.isMultiple(of: 2) { await homeward.close() }
    }
    // One database is some hundred kilobytes; two hundred that stayed would be far more.
    #expect(kilobytes(of: "VmRSS") - memory < 20_000)
    #expect(kilobytes(of: "Threads") - threads < 8)
  }

  @Test func closingEndsRunsAndSequencesAndLetsGoOfTheHome() async throws {
    let silent = try SilentServer()
    let homeward = try await phone.open()
    try await homeward.pair(try silent.pack())
    let id = try await homeward.newReport()
    try await homeward.send(id)
    let statuses = homeward.statuses
    let reader = Task { await statuses.reduce(0) { count, _ in count + 1 } }
    let run = Task { try await homeward.run(wifi, within: .seconds(3600)) }
    await silent.isCalled()
    #expect(!openFiles(in: phone.home).isEmpty)

    await homeward.close()

    #expect(openFiles(in: phone.home).isEmpty)
    #expect(try await run.value == .cancelled)
    #expect(await reader.value > 0)
    #expect(await homeward.statuses.reduce(0) { count, _ in count + 1 } == 1)
    #expect(homeward.presentStatuses[id]?.state == .waiting)
    await #expect(throws: closed) { try await homeward.reports() }
    await #expect(throws: closed) { try await homeward.run(offline) }
    await homeward.close()
    #expect(try await phone.open().run(offline) == .nothingDue)
  }

  @Test func closingAtAnyMomentOfManyCallsEndsEachOneWayOrTheOther() async throws {
    var kept: Set<String> = []
    for _ in 0..<8 {
      let homeward = try await phone.open()
      let callers = (0..<4).map { _ in
        Task {
          var ids: [String] = []
          do throws(ApiError) {
            while true { ids.append(try await homeward.create("missing_child")) }
          } catch {
            #expect(error == closed)
          }
          return ids
        }
      }
      try await Task.sleep(for: .microseconds(Int.random(in: 0..<20_000)))
      await homeward.close()
      #expect(openFiles(in: phone.home).isEmpty)
      for caller in callers { kept.formUnion(await caller.value) }
    }
    #expect(Set(try await phone.open().reports().map(\.id)) == kept)
  }

  @Test func aCallHoldsTheClientAndTheHomeIsLetGoOfWithTheLast() async throws {
    for _ in 0..<20 {
      var homeward: HomewardClient? = try await phone.open()
      let call = Task { [homeward] in try await homeward?.newReport() }
      homeward = nil
      #expect(try await call.value != nil)
    }
    // The task that held the last one may take a moment to go.
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while !openFiles(in: phone.home).isEmpty && clock.now < deadline { await Task.yield() }
    #expect(openFiles(in: phone.home).isEmpty)
    #expect(try await phone.open().reports().count == 20)
  }

  @Test func aProcessThatIsKilledWhileItSendsLosesNothingThatItSaidIsOnThePhone() async throws {
    // There it would send for as long as it is let.
    let silent = try SilentServer()
    let pack = try phone.file("pack.homeward", silent.pack())
    let sample = try Program(sampleProgram, [phone.home.path, pack.path])
    await silent.isCalled()
    let (reason, code) = sample.signal(SIGKILL)
    #expect(reason == .uncaughtSignal && code == SIGKILL)
    let said = String(decoding: sample.someOutput(), as: UTF8.self)
    let words = said.split(whereSeparator: \.isWhitespace)
    let id = try #require(words.last { $0.count == 32 })

    let key = FileDeviceKey(folder: URL(fileURLWithPath: phone.home.path + ".key"))
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    let report = try await homeward.report(String(id))
    #expect(report.answers.count == 3)
    #expect(report.status.state == .waiting)
    // Nobody else sends from this home any more.
    #expect(try await homeward.run(offline) == .nothingDue)
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

private let sampleProgram = builtBesideTheTests("HomewardSample")

/// What a call is told after the end.
private let closed = ApiError.Unexpected(reason: MessageIDs.errorInternal)

/// The files of a folder that this process has open.
private func openFiles(in folder: URL) -> [String] {
  let manager = FileManager.default
  let descriptors = (try? manager.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
  let files = descriptors.compactMap { name in
    try? manager.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
  }
  return files.filter { $0.hasPrefix(folder.path + "/") }
}

/// A number of this process, as the kernel counts it.
private func kilobytes(of what: String) -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix(what + ":") }
  return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
}
