// Against a real desk: sealed, sent, opened, and everything that ends a run early.

import Foundation
import HomewardCore
import Testing

@Suite struct SendingTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func aReportIsOpenedByTheOrganisationAndTheReceiptIsBelieved() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    #expect(try await homeward.pair(desk.pack).organisation == "Example")
    #expect(try await homeward.pairing()?.confirmed == false)
    let id = try await homeward.newReport()
    _ = try await homeward.attach(id, field: "photo", source: .bytes(bytes: picture))
    let sealed = try await homeward.send(id)
    #expect(sealed.parts.first?.kind == .firstMinute)

    #expect(try await homeward.run(wifi) == .nothingDue)
    var status = await homeward.status(of: id)
    #expect(status?.state == .stored && status?.sent == status?.total)
    try desk.ask("collect")
    #expect(try await homeward.run(wifi) == .nothingDue)

    status = await homeward.status(of: id)
    #expect(status?.state == .opened)
    #expect(status?.receipt.sequence != nil)
  }

  @Test func thePresentStateComesFirstAlsoAfterARestart() async throws {
    let desk = try Desk()
    var homeward = try await phone.open()
    var first = await homeward.statuses.first { _ in true }
    #expect(first == [:])
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    try await homeward.send(id, scope: .firstMinute)
    homeward = try await phone.open()
    first = await homeward.statuses.first { _ in true }
    #expect(first?[id]?.state == .waiting)
    #expect(first == homeward.presentStatuses)
    try await homeward.delete(id)
    first = await homeward.statuses.first { _ in true }
    #expect(first == [:])
  }

  @Test func everyReaderHearsEachChangeAndTheSequenceEndsWithTheClient() async throws {
    let desk = try Desk()
    var homeward: HomewardClient? = try await phone.open()
    try await homeward?.pair(desk.pack)
    let id = try await homeward?.newReport() ?? ""
    let readers = (0..<2).map { _ in
      let statuses = homeward?.statuses
      return Task {
        var last: ReportState?
        for await state in statuses ?? AsyncStream(unfolding: { nil }) { last = state[id]?.state }
        return last
      }
    }
    try await homeward?.send(id)
    _ = try await homeward?.run(wifi)
    homeward = nil
    for reader in readers { #expect(await reader.value == .stored) }
  }

  @Test func aServerThatIsNotThereIsAReasonToWaitAndNotAnError() async throws {
    var desk: Desk? = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk?.pack ?? Data())
    desk = nil
    let id = try await homeward.newReport()
    try await homeward.send(id)
    #expect(try await homeward.run(offline) == .nothingDue)
    #expect(try await homeward.plan(offline).due.isEmpty)
    #expect(try await homeward.run(wifi) == .nothingDue)
    let status = try #require(homeward.presentStatuses[id])
    #expect(status.reason == MessageIDs.waitingServerUnreachable)
    let part = try #require(status.parts.first?.part)
    // It is not parked, so there is nothing to start again; it is known all the same.
    try await homeward.retry(part)
    await #expect(throws: ApiError.NotFound) {
      try await homeward.retry(String(repeating: "0", count: 32))
    }
  }

  @Test func cancellingTheTaskEndsTheRunAndASecondRunMeanwhileIsBusy() async throws {
    let silent = try SilentServer()
    let homeward = try await phone.open()
    try await homeward.pair(try silent.pack())
    let id = try await homeward.newReport()
    try await homeward.send(id)
    let run = Task { try await homeward.run(wifi, within: .seconds(3600)) }
    await silent.isCalled()
    #expect(try await homeward.run(wifi) == .busy)
    run.cancel()
    #expect(try await run.value == .cancelled)
    #expect(try await homeward.run(offline) == .nothingDue)
    #expect(await homeward.status(of: id)?.state == .waiting)
  }

  @Test func aRunThatIsCancelledAtAnyMomentLosesNothingAndSendsNothingTwice() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    try await homeward.attach(id, field: "photo", source: .bytes(bytes: picture))
    let sealed = try await homeward.send(id)
    for _ in 0..<40 {
      let run = Task { try await homeward.run(wifi) }
      try await Task.sleep(for: .microseconds(Int.random(in: 0..<20_000)))
      run.cancel()
      _ = try await run.value
      // None is left behind that would keep the next from sending.
      #expect(try await homeward.run(offline) == .nothingDue)
    }
    // A request that was cut may make the server wait a moment.
    for _ in 0..<12 where await homeward.status(of: id)?.state != .stored {
      try await homeward.run(wifi, within: .seconds(5))
    }
    #expect(await homeward.status(of: id)?.state == .stored)
    let opened = try desk.ask("collect")["opened"] as? [Any]
    #expect(opened?.count == sealed.parts.count)
  }

  @Test func whoWritesWhoReadsAndWhoSendsAtOnceDoNotDisturbEachOther() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let ids = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<2 {
        group.addTask {
          var ids: [String] = []
          for _ in 0..<15 { ids.append(try await homeward.newReport()) }
          return ids
        }
      }
      group.addTask {
        for _ in 0..<15 { _ = try await homeward.reports() }
        return []
      }
      group.addTask {
        for _ in 0..<5 { try await homeward.send(homeward.newReport()) }
        return []
      }
      group.addTask {
        for _ in 0..<5 { try await homeward.run(wifi) }
        return []
      }
      return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
    }
    let listed = Set(try await homeward.reports().map(\.id))
    #expect(ids.count == 30 && listed.isSuperset(of: ids) && listed.count == 35)
  }

  @Test func aRunWhoseTimeIsUpSaysSoAndWhatWaitsLeavesLater() async throws {
    let silent = try SilentServer()
    let homeward = try await phone.open()
    try await homeward.pair(try silent.pack())
    let id = try await homeward.newReport()
    try await homeward.send(id)
    #expect(try await homeward.run(wifi, within: .milliseconds(200)) == .timeUp)
    #expect(homeward.presentStatuses[id]?.state == .waiting)
  }

  @Test func aProxyThatWouldLeakNamesIsRefused() async throws {
    let homeward = try await phone.open()
    await #expect(throws: ApiError.Refused(reason: MessageIDs.netBadProxy)) {
      try await homeward.run(wifi, proxy: "socks5://127.0.0.1:9050")
    }
  }
}

extension HomewardClient {
  /// The present status of one report.
  func status(of id: String) async -> ReportStatus? {
    await statuses.first { _ in true }?[id]
  }
}
