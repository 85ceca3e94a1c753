// Makes every mistake with a word that must not be printed, and prints what comes of it, as an app
// does that logs everything: `HomewardMistakes FOLDER HOW`. The word is the folder's name. How it
// ends: `tells` and ends well, `throws` out of its main function, or `crashes`.

import Foundation
import HomewardCore

let (folder, how) = (URL(fileURLWithPath: CommandLine.arguments[1]), CommandLine.arguments[2])
let word = folder.lastPathComponent
let key = FileDeviceKey(folder: folder.appendingPathComponent("key"))
let home = folder.appendingPathComponent("home")
let core = try Homeward.open(home: home.path, deviceKey: key)
let offline = Conditions(network: .none)
let name = Answer.personName(name: PersonName(full: word))
let bytes = Data(word.utf8)
let file = folder.appendingPathComponent("\(word).jpg").path

_ = try core.pair(pack: Data(contentsOf: folder.appendingPathComponent("pack")))
let id = try core.create(form: "missing_child", from: nil)
_ = try core.set(id: id, field: "child_name", answer: name)
let picture = try Data(contentsOf: folder.appendingPathComponent("picture"))
let medium = try attach(.bytes(bytes: picture))

@discardableResult
func attach(_ source: MediaSource) throws -> Medium {
  try core.attach(id: id, field: "photo", source: source, original: .drop)
}

let mistakes: [() throws -> Void] = [
  { _ = try core.report(id: word) },
  { _ = try core.set(id: id, field: word, answer: name) },
  { _ = try core.set(id: id, field: "child_age", answer: name) },
  { _ = try core.create(form: word, from: nil) },
  { try attach(.path(path: file)) },
  { try attach(.bytes(bytes: bytes)) },
  { _ = try core.pair(pack: bytes) },
  { _ = try core.importProfile(passphrase: word, from: .bytes(bytes: bytes)) },
  { try core.exportProfile(id: id, passphrase: word, to: .path(path: "\(file)/\(word)")) },
  { try run(under: "http://\(word)") },
]
var thrown = 0
for mistake in mistakes {
  do { try mistake() } catch {
    thrown += 1
    log(error)
    log(error.localizedDescription)
  }
}
log(try core.send(id: id, scope: .all, when: .now))
try run(under: nil)
log(try core.reports())
log(try core.report(id: id))
log(try core.statuses())
log(try core.plan(conditions: offline))
let step = try core.nextStep(conditions: Conditions(network: .wifi), proxied: false)
// Its path holds the word.
log(step as Any)
log(step?.body as Any)
log(medium)
log(core)
log("\(thrown) mistakes")

switch how {
case "throws": try attach(.path(path: file))
// What a crash tells is what the system finds in registers, beside the program's own words.
case "crashes":
  let report = try core.report(id: id)
  fatalError("a mistake of the app: \(report)")
default: break
}

/// Prints it in each way in which an app does.
func log(_ thing: Any) {
  print(thing, String(reflecting: thing))
  // Before the next writes between it.
  fflush(nil)
  FileHandle.standardError.write(Data("\(thing)\n".utf8))
}

func run(under proxy: String?) throws {
  let transfer = try core.run(
    budget: Budget(), conditions: offline, proxy: proxy, listener: Thrower(word))
  log(try transfer.wait())
}

/// Throws what must not be heard of.
final class Thrower: Listener {
  private let word: String

  init(_ word: String) {
    self.word = word
  }

  func onChange(status: ReportStatus) throws {
    struct Odd: Error { let word: String }
    log(status)
    throw Odd(word: word)
  }
}
