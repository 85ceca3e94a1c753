// A program that runs beside the tests.

import Dispatch
import Foundation

/// A running program, whose output is read here.
final class Program: Sendable {
  private let process = Process()
  private let output = Pipe()
  private let end = DispatchSemaphore(value: 0)

  /// What of its output is read.
  enum Reading { case output, all }

  init(_ program: URL, _ arguments: [String], reading: Reading = .output) throws {
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = reading == .all ? output : FileHandle.nullDevice
    // Not `waitUntilExit`: it waits in a run loop, which a task's thread has not.
    process.terminationHandler = { [end] _ in end.signal() }
    try process.run()
  }

  deinit {
    // Not a request to end: a child of a task's thread is born deaf to those.
    if process.isRunning { signal(SIGKILL) }
  }

  /// What it printed, as soon as it printed something.
  func someOutput() -> Data { output.fileHandleForReading.availableData }

  /// What it prints until it ends by itself, and its exit code.
  func outcome() -> (output: Data, code: Int32) {
    let said = output.fileHandleForReading.readDataToEndOfFile()
    end.wait()
    return (said, process.terminationStatus)
  }

  /// Sends it a signal, and tells how it ended.
  @discardableResult
  func signal(_ number: Int32) -> (reason: Process.TerminationReason, code: Int32) {
    kill(process.processIdentifier, number)
    end.wait()
    return (process.terminationReason, process.terminationStatus)
  }
}

/// A program of this package.
func builtBesideTheTests(_ name: String) -> URL {
  URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appendingPathComponent(name)
}
