import Foundation
import HomewardCore
import Testing

@Suite struct ReportTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func answersAreThereAfterTheHomeWasOpenedAgain() async throws {
    let moment = Moment(unixMs: 0, offsetMinutes: 60)
    let answers: [String: Answer] = [
      "child_name": name,
      "child_age": .age(age: .born(date: "2019-05")),
      "last_seen_time": .time(time: .around(at: moment, withinMinutes: 30)),
      "last_seen_place": .place(place: Place(words: "at the lake")),
      "dangers": .many(choices: ["taken"]),
      "sex": .unknown,
    ]
    var homeward = try await phone.open()
    let id = try await homeward.create("missing_child")
    for (field, answer) in answers {
      try await homeward.set(id, field: field, answer: answer)
    }

    homeward = try await phone.open()
    let report = try await homeward.report(id)

    #expect(report.answers == answers)
    #expect(report.status.state == .draft)
    #expect(try await homeward.reports().map(\.head?.title) == [canary])
  }

  @Test func anAnswerCanBeTakenBackAndAReportDeleted() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    try await homeward.set(id, field: "child_name", answer: nil)
    #expect(try await homeward.report(id).answers.isEmpty)
    try await homeward.delete(id)
    await #expect(throws: ApiError.NotFound) { try await homeward.report(id) }
  }

  @Test func typedWordsAreUnderstoodAndKeptWhereTheyAreNot() async throws {
    let homeward = try await phone.open()
    let understand = { (typed: String) async throws in
      try await homeward.understand(form: "missing_child", field: "child_age", typed: typed)
    }
    let seven = Answer.age(age: .range(from: 7, to: 8))
    #expect(try await understand("7 or 8 years old") == seven)
    #expect(try await understand("in year two") == .words(words: "in year two"))
  }

  @Test func aFormIsDrawnFromWhatTheCoreSaysOfIt() async throws {
    let homeward = try await phone.open()
    #expect(try await homeward.forms().contains("missing_child"))
    let fields = try await homeward.form("missing_child").fields
    #expect(fields.filter { $0.stage == .firstMinute }.count == 10)
    let texts = Texts.builtIn()
    #expect(fields.allSatisfy { texts.has(id: $0.label) })
    #expect(texts.text(id: MessageIDs.errorStorageFull, arguments: []).count > 10)
  }

  @Test func aPhotoComesByPathAsBytesAndAsADescriptorAndLeavesItsMetadataBehind() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    let file = try phone.file("photo.jpg", picture).path
    let sources = [
      MediaSource.path(path: file), .bytes(bytes: picture),
      .descriptor(fd: Foundation.open(file, O_RDONLY)),
    ]
    for source in sources {
      let medium = try await homeward.attach(id, field: "photo", source: source)
      #expect(medium.removed.map(\.kind) == [MessageIDs.removedText])
      #expect(try await homeward.offers(id, medium: medium.id, takenWhenLastSeen: true).isEmpty)
    }
    let media = try await homeward.report(id).media
    #expect(media.count == 3)
    for medium in media { try await homeward.detach(id, medium: medium.id) }
    #expect(try await homeward.report(id).media.isEmpty)
  }

  @Test func aDescriptorIsClosedHoweverTheCallEndsAlsoAfterTheClientIsClosed() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    let text = try phone.file("no-photo.jpg", Data("words".utf8)).path
    // Only the captured one is taken as it is.
    let calls: [(Int32) async throws -> Void] = [
      { try await homeward.attach(id, field: "photo", source: .descriptor(fd: $0)) },
      { _ = try await homeward.capture(from: .descriptor(fd: $0)) },
      { _ = try await homeward.importProfile(passphrase: "words", from: .descriptor(fd: $0)) },
      { try await homeward.exportProfile(id, passphrase: "words", to: .descriptor(fd: $0)) },
    ]
    for isOver in [false, true] {
      if isOver { await homeward.close() }
      for call in calls {
        let descriptor = Foundation.open(text, O_RDWR)
        do { try await call(descriptor) } catch { #expect(error is ApiError) }
        // Another test may have been given the same number meanwhile, but for another file.
        var (open, file) = (stat(), stat())
        try #require(stat(text, &file) == 0)
        #expect(fstat(descriptor, &open) == -1 || open.st_ino != file.st_ino)
      }
    }
  }

  @Test func whatCanNotBeDoneIsRefusedWithTheReasonsMessageID() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    let refusals: [(String, () async throws -> Void)] = [
      (MessageIDs.refusedUnknownForm, { _ = try await homeward.create("no such form") }),
      (MessageIDs.refusedUnknownField, { try await homeward.set(id, field: "no", answer: name) }),
      (MessageIDs.refusedWrongKind, { try await homeward.set(id, field: "sex", answer: name) }),
      (MessageIDs.refusedNotPaired, { try await homeward.send(id) }),
      (MessageIDs.refusedPackUnreadable, { try await homeward.pair(Data([1])) }),
    ]
    for (reason, work) in refusals {
      await #expect(throws: ApiError.Refused(reason: reason)) { try await work() }
    }
    await #expect(throws: ApiError.NotFound) { try await homeward.report("no id") }
  }

  @Test func twoTasksAtOnceLoseNothing() async throws {
    let homeward = try await phone.open()
    let ids = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 { group.addTask { try await homeward.newReport() } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(Set(try await homeward.reports().map(\.id)) == ids)
  }

  @Test func noErrorAndNoDescriptionTellsWhatWasAnswered() async throws {
    let homeward = try await phone.open()
    let id = try await homeward.newReport()
    let file = try phone.file("\(canary).jpg", Data(canary.utf8)).path
    let medium = try await homeward.attach(id, field: "photo", source: .bytes(bytes: picture))
    var told: [Any] = [
      try await homeward.report(id), try await homeward.reports(), medium, name,
      MediaSource.path(path: file),
    ]
    for work in [
      { _ = try await homeward.attach(id, field: "photo", source: .path(path: file)) },
      { try await homeward.set(id, field: canary, answer: name) },
      { _ = try await homeward.create(canary) },
    ] as [() async throws -> Void] {
      do {
        try await work()
        Issue.record("nothing was thrown")
      } catch { told += [error, error.localizedDescription] }
    }
    for thing in told {
      #expect(!"\(thing)".contains(canary))
      #expect(!String(reflecting: thing).contains(canary))
    }
  }
}
