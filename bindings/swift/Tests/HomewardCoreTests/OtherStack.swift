// Another HTTP stack: curl, which believes only what a step says.

import Foundation
import HomewardCore
import Testing

struct OtherStack {
  let folder: URL

  /// Does what the step asks for, and tells what the server answered.
  func ask(_ step: HttpStep) throws -> StepOutcome {
    let authorities = folder.appendingPathComponent("authorities.pem")
    try Data(step.anchors.map(pem).joined().utf8).write(to: authorities)
    var arguments = ["curl", "--silent", "--http1.1", "--noproxy", "*", "--dump-header", "-"]
    arguments += ["--output", "/dev/null", "--cacert", authorities.path, "--header", "Expect:"]
    if !step.pins.isEmpty {
      let pins = step.pins.map { "sha256//" + $0.base64EncodedString() }
      arguments += ["--pinnedpubkey", pins.joined(separator: ";")]
    }
    for header in step.headers { arguments += ["--header", "\(header.name): \(header.value)"] }
    arguments += try method(of: step) + [step.url]
    let curl = try Program(URL(fileURLWithPath: "/usr/bin/env"), arguments)
    let (said, code) = curl.outcome()
    try #require(code == 0, "curl ended with \(code)")
    return try answer(String(decoding: said, as: UTF8.self))
  }

  private func method(of step: HttpStep) throws -> [String] {
    if step.method == "HEAD" { return ["--head"] }
    let slice = folder.appendingPathComponent("slice")
    try body(of: step).write(to: slice)
    var arguments = ["--request", step.method, "--data-binary", "@" + slice.path]
    // What curl would call it by itself is no header of the step's.
    let named = step.headers.contains { $0.name.lowercased() == "content-type" }
    if !named { arguments += ["--header", "Content-Type:"] }
    return arguments
  }

  /// The piece of the file, as a background session wants it: whole files only.
  private func body(of step: HttpStep) throws -> Data {
    guard let body = step.body else { return Data() }
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: body.file))
    try file.seek(toOffset: body.offset)
    let bytes = try file.read(upToCount: Int(body.bytes)) ?? Data()
    try #require(bytes.count == Int(body.bytes))
    return bytes
  }

  private func answer(_ said: String) throws -> StepOutcome {
    let lines = said.components(separatedBy: "\r\n").filter { !$0.isEmpty }
    let first = try #require(lines.first).components(separatedBy: " ")
    let status = try #require(first.count > 1 ? UInt16(first[1]) : nil)
    let headers = lines.dropFirst().compactMap { line -> HttpHeader? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      return HttpHeader(name: String(line[..<colon]), value: value)
    }
    return .answered(status: status, headers: headers)
  }

  private func pem(_ certificate: Data) -> String {
    let text = certificate.base64EncodedString(options: [.lineLength64Characters])
    return "-----BEGIN CERTIFICATE-----\n\(text)\n-----END CERTIFICATE-----\n"
  }
}
