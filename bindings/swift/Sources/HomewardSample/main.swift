// A report, from the first answer to the outbox: `HomewardSample HOME PACK`.

import Foundation
import HomewardCore

let (home, pack) = (CommandLine.arguments[1], CommandLine.arguments[2])
let key = FileDeviceKey(folder: URL(fileURLWithPath: home + ".key"))
let homeward = try await HomewardClient.open(home: URL(fileURLWithPath: home), deviceKey: key)
try await homeward.pair(Data(contentsOf: URL(fileURLWithPath: pack)))

let report = try await homeward.create("missing_child")
let answers = ["child_name": "Mia Beispiel", "child_age": "7", "clothing": "a red raincoat"]
for (field, typed) in answers {
  let answer = try await homeward.understand(form: "missing_child", field: field, typed: typed)
  try await homeward.set(report, field: field, answer: answer)
}
print("on this phone:", report)
// At once, also into a pipe: whoever reads it may rely on it.
fflush(nil)

try await homeward.send(report)
let end = try await homeward.run(Conditions(network: .wifi))
let state = await homeward.statuses.first { _ in true }?[report]?.state
print("sent:", end, state.map { "\($0)" } ?? "nothing")
