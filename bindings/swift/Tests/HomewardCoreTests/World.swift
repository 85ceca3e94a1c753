// The world of the tests: a phone's folders, an organisation's real desk, a picture.

import Foundation
import HomewardCore
import Testing

/// A word that must never be seen where it was not put.
let canary = "canary-7f3a"

let name = Answer.personName(name: PersonName(full: canary))
let wifi = Conditions(network: .wifi)
let offline = Conditions(network: .none)

/// A folder with a home, and outside of it the device's key. Both go with this object.
final class Phone: Sendable {
  let folder: URL
  var home: URL { folder.appendingPathComponent("home") }
  var deviceKey: FileDeviceKey { FileDeviceKey(folder: folder.appendingPathComponent("key")) }
  var database: URL { home.appendingPathComponent("home.sqlite") }

  init() throws {
    folder = try makeFolder()
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  func open() async throws -> HomewardClient {
    try await HomewardClient.open(home: home, deviceKey: deviceKey)
  }

  /// A file of this phone with these bytes.
  func file(_ name: String, _ bytes: Data) throws -> URL {
    let file = folder.appendingPathComponent(name)
    try bytes.write(to: file)
    return file
  }
}

extension HomewardClient {
  /// A report that can be sent: it has a name.
  func newReport() async throws -> String {
    let id = try await create("missing_child")
    try await set(id, field: "child_name", answer: name)
    return id
  }
}

/// An organisation with its desk, whose server runs until this object goes.
final class Desk: Sendable {
  let pack: Data
  private let home: URL
  private let folder: URL
  private let url: String
  private let server: Program

  init() throws {
    folder = try makeFolder()
    home = folder.appendingPathComponent("desk")
    try Desk.ask(home, ["init", "--name", "Example", "--host", "127.0.0.1"])
    server = try Desk.start(home, ["receive", "--listen", "127.0.0.1:0"])
    url = try #require(json(server.someOutput())["listening"] as? String)
    pack = try Desk.pack(home, folder, url)
  }

  /// The organisation's signed pack, with a server at this URL.
  func pack(for url: String) throws -> Data {
    try Desk.pack(home, folder, url)
  }

  /// A newer pack, which says that the desk has lost the keys that open reports.
  func packWithLostKeys() throws -> Data {
    let keys = try ask("keys", "export")["identities"] as? [[String: String]] ?? []
    try #require(!keys.isEmpty)
    let lost = keys.map { key in
      """

      [[recipient]]
      audience = "\(key["name"] ?? "")"
      recipient = "\(key["recipient"] ?? "")"
      holder = "desk"
      state = "lost"

      """
    }
    return try Desk.pack(home, folder, url, and: lost.joined())
  }

  private static func pack(
    _ home: URL, _ folder: URL, _ url: String, and more: String = ""
  ) throws -> Data {
    let source = folder.appendingPathComponent(UUID().uuidString)
    let pack = folder.appendingPathComponent("pack.homeward")
    try ask(home, ["brand", "new", source.path])
    let brand = source.appendingPathComponent("brand.toml")
    let lines = try String(contentsOf: brand, encoding: .utf8).components(separatedBy: "\n")
    let served = lines.map { $0.hasPrefix("url = ") ? "url = \"\(url)\"" : $0 }
    try Data((served.joined(separator: "\n") + more).utf8).write(to: brand)
    try ask(home, ["brand", "build", source.path, pack.path])
    return try Data(contentsOf: pack)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  /// Runs one of the desk's commands to its end.
  @discardableResult
  func ask(_ arguments: String...) throws -> [String: Any] {
    try Desk.ask(home, arguments)
  }

  @discardableResult
  private static func ask(_ home: URL, _ arguments: [String]) throws -> [String: Any] {
    let (said, code) = try start(home, arguments).outcome()
    try #require(code == 0, "homeward-desk \(arguments)")
    return json(said)
  }

  private static func start(_ home: URL, _ arguments: [String]) throws -> Program {
    // The script that runs the tests says where it built the desk.
    let program = try #require(ProcessInfo.processInfo.environment["HOMEWARD_DESK"])
    return try Program(URL(fileURLWithPath: program), ["--home", home.path, "--json"] + arguments)
  }
}

/// A device's key that answers nothing but an error.
final class BrokenKey: DeviceKey {
  private let thrown: any Error

  init(thrown: any Error) {
    self.thrown = thrown
  }

  func wrap(slot: KeySlot, key: Data) throws -> Data { throw thrown }
  func unwrap(slot: KeySlot, wrapped: Data) throws -> Data { throw thrown }
  func delete(slot: KeySlot) throws { throw thrown }
  func deleteAll() throws { throw thrown }
}

/// The phone's key, but for what is done in each of its calls, whose name is given, before.
final class OtherKey: DeviceKey {
  private let inner: FileDeviceKey
  private let before: @Sendable (String) throws -> Void

  init(_ inner: FileDeviceKey, before: @escaping @Sendable (String) throws -> Void) {
    self.inner = inner
    self.before = before
  }

  func wrap(slot: KeySlot, key: Data) throws -> Data {
    try before("wrap")
    return try inner.wrap(slot: slot, key: key)
  }

  func unwrap(slot: KeySlot, wrapped: Data) throws -> Data {
    try before("unwrap")
    return try inner.unwrap(slot: slot, wrapped: wrapped)
  }

  func delete(slot: KeySlot) throws {
    try before("delete")
    try inner.delete(slot: slot)
  }

  func deleteAll() throws {
    try before("deleteAll")
    try inner.deleteAll()
  }
}

/// A value that several threads change.
final class Shared<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var held: Value

  init(_ value: Value) {
    held = value
  }

  var value: Value { lock.withLock { held } }

  func change(_ work: (inout Value) -> Void) { lock.withLock { work(&held) } }
}

/// A picture of one pixel with a comment that holds the canary: the smallest JPEG.
let picture = makePicture(side: 1)

/// A black square with a comment that holds the canary: two bits for each eight by eight pixels.
func makePicture(side: UInt16) -> Data {
  func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
    let head: [UInt8] = [0xFF, marker, 0, UInt8(body.count + 2)]
    return head + body
  }
  // A table with one code of one bit, for the value 0.
  let codes: [UInt8] = [UInt8(1)] + [UInt8](repeating: 0, count: 16)
  let steps = [UInt8](repeating: 1, count: 64)
  let (high, low) = (UInt8(side >> 8), UInt8(side & 0xFF))
  let blocks = (Int(side) + 7) / 8 * ((Int(side) + 7) / 8)
  var bytes: [UInt8] = [0xFF, 0xD8]
  bytes += segment(0xFE, Array(canary.utf8))
  bytes += segment(0xDB, [UInt8(0)] + steps)
  bytes += segment(0xC0, [8, high, low, high, low, 1, 1, 0x11, 0])
  bytes += segment(0xC4, [UInt8(0x00)] + codes)
  bytes += segment(0xC4, [UInt8(0x10)] + codes)
  bytes += segment(0xDA, [1, 1, 0, 0, 63, 0])
  bytes += [UInt8](repeating: 0, count: blocks / 4)
  // The last byte is filled with ones.
  if blocks % 4 > 0 { bytes.append(0xFF >> UInt8(blocks % 4 * 2)) }
  bytes += [0xFF, 0xD9]
  return Data(bytes)
}

func makeFolder() throws -> URL {
  let name = "homeward-\(UUID().uuidString)"
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}

private func json(_ data: Data) -> [String: Any] {
  (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
}
