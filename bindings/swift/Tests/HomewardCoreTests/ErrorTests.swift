// Every way in which a call fails, brought about by what brings it about on a phone.

import Foundation
import HomewardCore
import Testing

@Suite struct ErrorTests {
  let phone: Phone

  init() throws {
    phone = try Phone()
  }

  @Test func eachErrorHasACauseThatIsTriedAndTellsNothingOfWhatWasSaid() async throws {
    let earlier = try await phone.open()
    let id = try await earlier.newReport()
    // What is not let go of is written back.
    try await earlier.suspend(within: .seconds(5))
    let whole = try Data(contentsOf: phone.database)
    var tried: Set<String> = []
    for (variant, bringAbout) in causes(id) {
      do {
        try await bringAbout()
        Issue.record("\(variant) was not thrown")
      } catch let error as ApiError {
        #expect(self.variant(of: error) == variant)
        for word in [canary, id, phone.folder.path] {
          #expect(!"\(error)".contains(word) && !error.localizedDescription.contains(word))
        }
      }
      tried.insert(variant)
      try whole.write(to: phone.database)
    }
    let all = ["damaged", "fromNewerApp", "keyLost", "locked"]
    #expect(tried.sorted() == all + ["notFound", "refused", "storageFull", "unexpected"])
  }

  @Test func everyReasonIsAMessage() async throws {
    let texts = Texts.builtIn()
    let homeward = try await phone.open()
    for work in [
      { _ = try await homeward.create(canary) },
      { try await export(with: homeward, to: "/no folder/\(canary)") },
    ] as [() async throws -> Void] {
      do {
        try await work()
        Issue.record("nothing was thrown")
      } catch ApiError.Refused(let reason) {
        #expect(texts.has(id: reason))
      } catch ApiError.Unexpected(let reason) {
        #expect(texts.has(id: reason))
      }
    }
  }

  private func causes(_ id: String) -> [(String, () async throws -> Void)] {
    [
      ("locked", { try await read(id, with: BrokenKey(thrown: DeviceKeyError.Refused)) }),
      ("keyLost", { try await read(id, with: BrokenKey(thrown: DeviceKeyError.Gone)) }),
      ("damaged", { try await read(id, after: { Data(repeating: 7, count: $0.count) }) }),
      (
        "fromNewerApp",
        {
          try await read(id) { whole in
            var newer = whole
            // SQLite's user version, which is the schema's.
            newer.replaceSubrange(60..<64, with: [0, 0, 0x27, 0x0F])
            return newer
          }
        }
      ),
      // A file that takes no byte, as a full disk does.
      ("storageFull", { try await export(with: phone.open(), to: "/dev/full") }),
      ("notFound", { _ = try await phone.open().report(String(repeating: "0", count: 32)) }),
      ("refused", { try await phone.open().set(id, field: canary, answer: name) }),
      // A folder that is not there: nobody but the app's author can do anything.
      ("unexpected", { try await export(with: phone.open(), to: "/no folder/\(canary)") }),
    ]
  }

  private func read(_ id: String, with key: any DeviceKey) async throws {
    let homeward = try await HomewardClient.open(home: phone.home, deviceKey: key)
    _ = try await homeward.report(id)
  }

  private func read(_ id: String, after change: (Data) -> Data) async throws {
    try change(Data(contentsOf: phone.database)).write(to: phone.database)
    _ = try await phone.open().report(id)
  }

  private func export(with homeward: HomewardClient, to path: String) async throws {
    let profile = try await homeward.create("child_profile")
    try await homeward.set(profile, field: "child_name", answer: name)
    try await homeward.exportProfile(profile, passphrase: canary, to: .path(path: path))
  }

  /// The compiler asks for a new variant here.
  private func variant(of error: ApiError) -> String {
    switch error {
    case .Locked: "locked"
    case .KeyLost: "keyLost"
    case .Damaged: "damaged"
    case .FromNewerApp: "fromNewerApp"
    case .StorageFull: "storageFull"
    case .NotFound: "notFound"
    case .Refused: "refused"
    case .Unexpected: "unexpected"
    }
  }
}
