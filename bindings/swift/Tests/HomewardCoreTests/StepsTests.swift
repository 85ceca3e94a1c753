// Uploads by another HTTP stack than the core's, a step at a time: here curl.

import Foundation
import HomewardCore
import Testing

@Suite struct StepsTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func aWholeReportGoesByAnotherStackAlsoThroughAnswersThatAreLost() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    let id = try await homeward.newReport()
    // Too large to go with the request that creates it.
    let photo = try phone.file("photo.jpg", makePicture(side: 6000)).path
    try await homeward.attach(id, field: "photo", source: .path(path: photo))
    let sealed = try await homeward.send(id)
    var methods: [String] = []
    while let step = try await homeward.nextStep(wifi) {
      methods.append(step.method)
      try #require(methods.count < 40, "it comes to no end: \(methods)")
      #expect(try await homeward.run(wifi) == .busy)
      let answer = try OtherStack(folder: phone.folder).ask(step)
      // As when the system ends the app before the answer is told.
      let lost = methods.count % 4 == 2
      try await homeward.onStep(step.id, outcome: lost ? .failed(why: .cancelled) : answer)
    }
    #expect(Set(methods) == ["POST", "HEAD", "PATCH"])
    #expect(await homeward.status(of: id)?.state == .stored)
    let opened = try desk.ask("collect")["opened"] as? [Any]
    #expect(opened?.count == sealed.parts.count)
    try await homeward.run(wifi)
    #expect(await homeward.status(of: id)?.state == .opened)
  }

  @Test func anotherHttpStackIsGivenOneStepAtATime() async throws {
    let desk = try Desk()
    let homeward = try await phone.open()
    try await homeward.pair(desk.pack)
    #expect(try await homeward.nextStep(wifi) == nil)
    let id = try await homeward.newReport()
    try await homeward.send(id)
    let step = try #require(try await homeward.nextStep(wifi))
    #expect(step.method == "POST")
    #expect(try await homeward.nextStep(wifi) == step)
    #expect(!"\(step)".contains(step.url))
    await #expect(throws: ApiError.self) { try await homeward.nextStep(wifi, proxied: true) }
    try await homeward.onStep(step.id, outcome: .failed(why: .cancelled))
    await #expect(throws: ApiError.NotFound) {
      try await homeward.onStep(step.id, outcome: .failed(why: .cancelled))
    }
    try await homeward.sendFirstMinuteAnyway(id)
    #expect(await homeward.status(of: id)?.state == .waiting)
  }
}
