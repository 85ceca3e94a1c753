// A device key in files, for tests and command lines.

import Foundation
import HomewardFFI

/// A device key in files. It protects as much as its folder is protected: on a phone use the
/// device's own (``SecureEnclaveDeviceKey``).
///
/// It ciphers nothing: the folder keeps the key itself, and what the core stores as "wrapped" is a
/// random name of the file that holds it. Who has only the home has nothing.
public final class FileDeviceKey: DeviceKey {
  private let folder: URL

  /// A key in this folder, which is made when it is needed.
  ///
  /// - Parameter folder: Outside of the home, so that who copies the home does not copy the keys.
  public init(folder: URL) {
    self.folder = folder
  }

  /// Keeps `key` for `slot`, and gives the name under which it is found.
  public func wrap(slot: KeySlot, key: Data) throws -> Data {
    let name = UUID().uuidString
    let place = file(slot, name)
    let slots = place.deletingLastPathComponent()
    try orFailed {
      let isNew = !FileManager.default.fileExists(atPath: folder.path)
      try FileManager.default.createDirectory(
        at: slots, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try key.write(to: place, options: .atomic)
      // What it wraps is on disk before the core's call returns, so the key must be as well, and
      // the names that lead to it.
      for item in [place, slots, folder] { try sync(item) }
      if isNew { try sync(folder.deletingLastPathComponent()) }
    }
    return Data(name.utf8)
  }

  /// Gives the key that `wrap` kept for the same slot under this name.
  public func unwrap(slot: KeySlot, wrapped: Data) throws -> Data {
    // A name that is none of ours must not lead out of the folder.
    let name = String(decoding: wrapped, as: UTF8.self)
    guard UUID(uuidString: name) != nil else { throw DeviceKeyError.Failed }
    let place = file(slot, name)
    guard FileManager.default.fileExists(atPath: place.path) else { throw DeviceKeyError.Gone }
    return try orFailed { try Data(contentsOf: place) }
  }

  /// Destroys the keys of `slot`.
  public func delete(slot: KeySlot) throws {
    let place = file(slot)
    guard FileManager.default.fileExists(atPath: place.path) else { return }
    try orFailed {
      try FileManager.default.removeItem(at: place)
      // What is destroyed does not come back with the battery.
      try sync(folder)
    }
  }

  /// Waits until a file, or what a folder names, is on the disk.
  private func sync(_ item: URL) throws {
    let descriptor = open(item.path, O_RDONLY)
    guard descriptor >= 0 else { throw DeviceKeyError.Failed }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw DeviceKeyError.Failed }
  }

  /// Destroys the keys of all slots.
  public func deleteAll() throws {
    let files = FileManager.default
    guard files.fileExists(atPath: folder.path) else { return }
    try orFailed {
      for name in try files.contentsOfDirectory(atPath: folder.path)
      where name.hasPrefix(KeySlot.prefix) {
        try files.removeItem(at: folder.appendingPathComponent(name))
      }
    }
  }

  private func file(_ slot: KeySlot, _ name: String? = nil) -> URL {
    let folder = folder.appendingPathComponent(slot.name, isDirectory: true)
    return name.map { folder.appendingPathComponent($0) } ?? folder
  }

  /// A file's error names its path: it is dropped here.
  private func orFailed<Value>(_ work: () throws -> Value) throws -> Value {
    do { return try work() } catch { throw DeviceKeyError.Failed }
  }
}

extension KeySlot {
  /// The name of the slot's key, with its generation.
  var name: String {
    switch self {
    case .vault(let generation): "\(Self.prefix)vault.\(generation)"
    case .outbox(let generation): "\(Self.prefix)outbox.\(generation)"
    }
  }

  /// What the name of each key begins with.
  static let prefix = "homeward."
}
