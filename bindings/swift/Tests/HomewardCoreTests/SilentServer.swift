// A server that takes connections and says nothing.

import Foundation
import HomewardCore
import Testing

final class SilentServer: Sendable {
  private let socket: Int32
  private let port: UInt16
  private let desk: Desk

  init() throws {
    desk = try Desk()
    let kind = Int32(SOCK_STREAM.rawValue)
    socket = Foundation.socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { [socket] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, length) == 0 && listen(socket, 8) == 0
          && getsockname(socket, address, &length) == 0
      }
    }
    try #require(bound)
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit {
    close(socket)
  }

  /// The signed pack of an organisation that says that its server is here.
  func pack() throws -> Data {
    try desk.pack(for: "https://127.0.0.1:\(port)")
  }

  /// Waits for the first connection.
  func isCalled() async {
    let socket = socket
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        _ = accept(socket, nil, nil)
        continuation.resume()
      }
    }
  }
}
