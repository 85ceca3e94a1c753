// What attaching a photo costs from Swift: `HomewardBench FOLDER PHOTO`, told as a line of JSON. FOLDER
// is the phone's. `cargo xtask bench --only packages` runs it, and the same in Rust beside it.

import Foundation
import HomewardCore

let (folder, photo) = (CommandLine.arguments[1], CommandLine.arguments[2])
let key = FileDeviceKey(folder: URL(fileURLWithPath: folder + "/key"))
// The core itself: the client adds a thread's change to it, and no copy.
let core = try Homeward.open(home: folder + "/home", deviceKey: key)
let report = try core.create(form: "missing_child", from: nil)

func attach() throws {
  _ = try core.attach(id: report, field: "photo", source: .path(path: photo), original: .drop)
}

// The first one makes what is made once.
try attach()
var quickest = Duration.seconds(3600)
var heap = 0
for _ in 0..<15 {
  try forgetPeak()
  let before = try bytes(of: "VmRSS")
  quickest = min(quickest, try ContinuousClock().measure(attach))
  heap = max(heap, try bytes(of: "VmHWM") - before)
}
print("{\"ms\":\(quickest / .milliseconds(1)),\"heap_bytes\":\(heap)}")

/// The peak of this process's memory begins anew.
func forgetPeak() throws {
  try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
}

/// A number of this process, as the kernel counts it.
func bytes(of what: String) throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = status.split(separator: "\n").first { $0.hasPrefix(what + ":") }
  let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
  return (kilobytes ?? 0) * 1024
}
