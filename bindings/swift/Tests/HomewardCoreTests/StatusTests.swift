// The statuses follow whatever changes them, and keep no screen waiting.

import Dispatch
import Foundation
import Testing

@testable import HomewardCore

@Suite struct StatusTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func aPackWhoseKeysAreLostIsSeenAtOnceAlsoWhileTheVaultIsLocked() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    try await homeward.send(id)
    try await homeward.lock()
    try await homeward.pair(desk.packWithLostKeys())
    let status = homeward.presentStatuses[id]
    #expect(status?.state == .parked && status?.reason == MessageIDs.parkedRecipientLost)
  }

  @Test func whatAPackHasSealedAnewIsSeenAtOnce() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    let parts = try await homeward.send(id).parts.map(\.part)
    try await homeward.pair(desk.packWithLostKeys())
    let status = homeward.presentStatuses[id]
    #expect(status?.state == .waiting)
    #expect(status?.parts.contains { parts.contains($0.part) } == false)
    #expect(try await homeward.report(id).status == status)
  }

  @Test func aStepWhoseFileIsGoneParksItsPartAndThatIsSeenAtOnce() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    try await homeward.send(id)
    try FileManager.default.removeItem(at: phone.home.appendingPathComponent("spool"))
    #expect(try await homeward.nextStep(wifi) == nil)
    #expect(homeward.presentStatuses[id]?.state == .parked)
  }

  @Test func aScreenReadsThePresentStateWhileTheCoreTakesItsTimeToAnswer() {
    let feed = StatusFeed()
    let (asked, seen) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let (over, wasSeen) = (DispatchSemaphore(value: 0), Shared(false))
    DispatchQueue.global().async {
      feed.read {
        asked.signal()
        // The time ends only what would hang.
        let end = seen.wait(timeout: .now() + 20)
        wasSeen.change { $0 = end == .success }
        return []
      }
      over.signal()
    }
    asked.wait()
    #expect(feed.latest.isEmpty)
    _ = feed.statuses()
    seen.signal()
    over.wait()
    #expect(wasSeen.value, "a screen waited for the core")
  }
}
