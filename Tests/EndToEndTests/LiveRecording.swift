// A recorder of the live machine, run as a user runs it, for the length of a test.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

final class LiveRecording {
  let database: String
  private let folder: TemporaryFolder
  private let recorder: Command

  /// - Parameters:
  ///   - options: more of them.
  ///   - namespacesHaveIDs: false to record as on a kernel that gives namespaces no ids:
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

  /// Waits until so many samples were begun from now on and are in the file.
  func waitForSamples(_ count: Int) throws {
    let now = ClockReading.now().wall
    try eventually("\(count) samples") {
      // Before the recorder has made the file there is nothing to read.
      guard let samples = try? SampleTable(database) else { return false }
      return samples.all.count { $0.start > now } >= count
    }
  }

  /// Waits until all that happened so far is in the file: with a sample that began later, or an event that
  /// happened later, as the file has all in the order of time.
  func settle() throws {
    let now = ClockReading.now().wall
    // One event at least happens after now, whatever is left out of the recording: this process goes on.
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

  /// Waits until the file has a container of a name: names are looked up beside the samples.
  func waitForContainer(_ name: String) throws {
    let named = "SELECT container_id FROM container WHERE name = '\(name)'"
    try eventually("the container \(name)") {
      try !Recording.texts(named, in: database).isEmpty
    }
  }

  /// Sends the recorder a signal.
  func signal(_ number: Int32) { recorder.signal(number) }

  /// What the recorder has said so far.
  func messages() throws -> String { try recorder.messagesSoFar() }

  /// The rows of an answer, which are called as the question is.
  func ask(_ arguments: String...) throws -> [Row] { try ask(arguments) }

  /// The same of words that are put together.
  func ask(_ arguments: [String]) throws -> [Row] {
    let outcome = try Command.run(
      Command.nshist, ["query"] + arguments + ["--format", "json", "--db", database])
    #expect(outcome.status == 0, "\(arguments): \(outcome.messages)")
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let object = answer as? [String: Any]
    let rows = (object?[arguments[0]] ?? object?["periods"]) as? [[String: Any]]
    return (rows ?? []).map(Row.init)
  }

  /// The answer of `query same --at` for one type.
  func same(_ pids: [Int32], at time: WallTime, _ type: String) throws -> Row {
    let outcome = try Command.run(
      Command.nshist,
      ["query", "same", "--at", argument(time), "--type", type, "--format", "json"]
        + ["--db", database] + pids.map(String.init))
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(Row(values: answer as? [String: Any] ?? [:]).rows("types").first)
  }

  /// The samples so far.
  func samples() throws -> SampleTable { try SampleTable(database) }

  /// Ends the recorder and opens what it recorded.
  func end() throws -> HistoryReader {
    let pid = try Recording.texts("SELECT recorder_pid FROM session", in: database).first
    kill(try #require(pid.flatMap { Int32($0) }), SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    return try HistoryReader(path: database)
  }
}
