// Nothing that the core exports is forgotten: the client offers each call, and a test makes it.

import Foundation
import Testing

@Suite struct EveryCallTests {
  private let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test func everyExportedFunctionIsOfferedByTheClientAndCalledByATest() throws {
    let generated = try text(of: "Sources/HomewardFFI", except: "MessageIDs.swift")
    let calls = functions(of: "HomewardProtocol", in: generated)
    #expect(calls.count > 25)
    let client = try text(of: "Sources/HomewardCore")
    let tests = try text(of: "Tests/HomewardCoreTests", except: "EveryCallTests.swift")
    for call in calls {
      #expect(client.contains(".\(call)("), "the client does not offer \(call)")
      // The statuses are a sequence.
      let called = tests.contains(".\(call)(") || tests.contains(".\(call).")
      #expect(called, "no test calls \(call)")
    }
  }

  @Test func everyOtherObjectsCallIsMadeByATestOrByTheClientThatIsTested() throws {
    let generated = try text(of: "Sources/HomewardFFI", except: "MessageIDs.swift")
    let client = try text(of: "Sources/HomewardCore")
    let made = try client + text(of: "Tests/HomewardCoreTests", except: "EveryCallTests.swift")
    for object in ["RecordingProtocol", "TextsProtocol", "TransferProtocol"] {
      let calls = functions(of: object, in: generated)
      #expect(!calls.isEmpty, "\(object) was not read")
      for call in calls { #expect(made.contains(".\(call)("), "\(object): no test calls \(call)") }
    }
  }

  private func functions(of name: String, in generated: String) -> [String] {
    let start = generated.range(of: "public protocol \(name)")?.upperBound ?? generated.endIndex
    let body = generated[start...].prefix { $0 != "}" }
    return body.components(separatedBy: "    func ").dropFirst().map { declaration in
      String(declaration.prefix { $0 != "(" }).replacingOccurrences(of: "`", with: "")
    }
  }

  private func text(of folder: String, except: String = "") throws -> String {
    let folder = package.appendingPathComponent(folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let files = names.filter { $0.hasSuffix(".swift") && $0 != except }
    return try files.map { name in
      try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }.joined()
  }
}
