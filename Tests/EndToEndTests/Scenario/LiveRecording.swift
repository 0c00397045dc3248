// A recorder of the live system, run as a user runs it, that ends with the test.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

final class LiveRecording {
  let database: String
  private let folder: TemporaryFolder
  private let recorder: Command

  /// Starts the recorder, and waits for its first sample.
  ///
  /// - Parameters:
  ///   - options: further options of `nshist record`.
  ///   - namespacesHaveIDs: false to record as on a kernel that gives namespaces no IDs:
  ///     strace(1) makes the calls for them fail.
  init(
    interval: String = "50ms", _ options: [String] = [], namespacesHaveIDs: Bool = true
  ) throws {
    folder = try TemporaryFolder()
    database = folder.file("history.db")
    let command = [Command.nshist, "record", "--interval", interval, "--db", database] + options
    recorder =
      namespacesHaveIDs
      ? try Command(command[0], Array(command.dropFirst()))
      : try Command(Strace.path, Strace.withoutNamespaceIDs + command)
    try waitForSamples(1)
  }

  /// Waits until the file has this many samples that started after the call.
  func waitForSamples(_ count: Int) throws {
    let now = ClockReading.now().wall
    do {
      try eventually("\(count) samples") {
        // Before the recorder has made the file, nothing can be read.
        guard let samples = try? SampleTable(database) else { return false }
        return samples.all.count { $0.start > now } >= count
      }
    } catch let error as NeverHappened {
      let state = recorder.isRunning ? "runs" : "has ended"
      throw NeverHappened(
        what: "\(error.what); the recorder \(state) and said: \(try recorder.messagesSoFar())")
    }
  }

  /// Waits until everything that has happened so far is in the file. The file is in the order of time, so a later
  /// sample or event proves this.
  func settle() throws {
    let now = ClockReading.now().wall
    // Causes at least one event after now, by a process that does not exit, so that no option leaves it out.
    let witness = try TestProcess()
    try witness.unshare(CloneFlag.uts)
    let later = """
      SELECT seq FROM sample WHERE wall_ns > \(now) UNION ALL
      SELECT first_seq FROM event_batch
      WHERE wall_ns + 1000 * CAST(substr(offsets, -6) AS INTEGER) > \(now)
      """
    try eventually("all so far") { try !Recording.texts(later, in: database).isEmpty }
    try witness.exit()
  }

  /// Waits until the file has a container with a name. Names are looked up in the background.
  func waitForContainer(_ name: String) throws {
    let named = "SELECT container_id FROM container WHERE name = '\(name)'"
    try eventually("the container \(name)") {
      try !Recording.texts(named, in: database).isEmpty
    }
  }

  /// Sends the recorder a signal.
  func signal(_ number: Int32) { recorder.signal(number) }

  /// Returns what the recorder has logged so far.
  func messages() throws -> String { try recorder.messagesSoFar() }

  /// Returns the rows of the answer to a question. Their key is the name of the question.
  func ask(_ arguments: String...) throws -> [Row] { try ask(arguments) }

  /// Returns the rows of the answer to a question, given as a list of words.
  func ask(_ arguments: [String]) throws -> [Row] {
    let outcome = try Command.run(
      Command.nshist, ["query"] + arguments + ["--format", "json", "--db", database])
    #expect(outcome.status == 0, "\(arguments): \(outcome.messages)")
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let object = answer as? [String: Any]
    let rows = (object?[arguments[0]] ?? object?["periods"]) as? [[String: Any]]
    return (rows ?? []).map(Row.init)
  }

  /// Returns the answer of `query same --at` for one type.
  func same(_ pids: [Int32], at time: WallTime, _ type: String) throws -> Row {
    let outcome = try Command.run(
      Command.nshist,
      ["query", "same", "--at", argument(time), "--type", type, "--format", "json"]
        + ["--db", database] + pids.map(String.init))
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(Row(values: answer as? [String: Any] ?? [:]).rows("types").first)
  }

  /// Returns the samples in the file.
  func samples() throws -> SampleTable { try SampleTable(database) }

  /// Ends the recorder, and returns a reader of the file.
  func end() throws -> HistoryReader {
    let pid = try Recording.texts("SELECT recorder_pid FROM session", in: database).first
    kill(try #require(pid.flatMap { Int32($0) }), SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    return try HistoryReader(path: database)
  }
}
