// After a report, against a real desk: a question, a reply, the proof, a recall.

import Foundation
import HomewardCore
import Testing

@Suite struct TalkingTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func aQuestionIsAnsweredAndTheReceiptIsProven() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    await #expect(throws: ApiError.Refused(reason: MessageIDs.refusedNoReceipt)) {
      try await homeward.proof(id)
    }
    try await homeward.send(id)
    try await homeward.run(wifi)
    try desk.ask("collect")
    try desk.ask("ask", id, "Which coat?")
    try desk.ask("collect")
    try await homeward.run(wifi)

    #expect(try await homeward.messages(id).map(\.text) == ["Which coat?"])
    try await homeward.reply(id, text: "The red one.")
    try await homeward.run(wifi)
    #expect(try await homeward.messages(id).map(\.text) == ["Which coat?", "The red one."])
    #expect(try await homeward.receipt(id)?.missing == [])
    let code = try await homeward.proofQr(id)
    #expect(code.dark.count == Int(code.side * code.side))
    let proof = try phone.file("proof.json", try await homeward.proof(id))
    try desk.ask("verify-receipt", proof.path)
  }

  @Test func aFaceIsKeptAndARecallIsSaid() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    let medium = try await homeward.attach(
      id, field: "photo", source: .bytes(bytes: picture), original: .keep)
    #expect(medium.copies == .both)
    try await homeward.setFace(id, medium: medium.id, jpeg: picture)
    await #expect(throws: ApiError.self) {
      try await homeward.setFace(id, medium: medium.id, jpeg: Data("no picture".utf8))
    }
    let kinds = try await homeward.send(id).parts.map(\.kind)
    #expect(kinds.contains(.face) && kinds.contains(.original))
    try await homeward.run(wifi)
    try await homeward.recall(id, why: .found)
    #expect(await homeward.status(of: id)?.state == .recalled)
  }
}
