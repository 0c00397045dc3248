// `nshist changes --follow` prints each change as it is recorded.

import Foundation
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct FollowChangesTests {
  private func follow(_ recording: LiveRecording, _ arguments: String...) throws -> Command {
    try Command(
      Command.nshist, ["changes", "--follow", "--db", recording.database] + arguments)
  }

  @Test("--follow prints new changes only, and ends after --limit rows")
  func comes() throws {
    let recording = try LiveRecording(interval: "200ms", ["--events", "on"])
    let process = try TestProcess()
    try process.unshare(CloneFlag.uts)
    try recording.waitForSamples(2)
    let follower = try follow(
      recording, "--pid", "\(process.pid)", "--mark", "created", "--limit", "1", "--format", "csv",
      "--columns", "pid,link,how")
    // Waits until the command follows: it writes the header then.
    try recording.waitForSamples(5)
    try process.unshare(CloneFlag.net)
    let outcome = try follower.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    // The change from before the command is not printed.
    #expect(outcome.output == "pid,link,how\r\n\(process.pid),net,new\r\n")
  }

  @Test("--follow with --since first prints earlier changes, each act as one row")
  func since() throws {
    let recording = try LiveRecording(interval: "200ms", ["--events", "on"])
    let process = try TestProcess()
    try process.unshare(CloneFlag.net)
    try process.unshare(CloneFlag.uts)
    try process.exit()
    try recording.waitForSamples(2)
    let follower = try follow(
      recording, "--pid", "\(process.pid)", "--since", "-1m", "--limit", "3", "--columns",
      "change,marks,what")
    let outcome = try follower.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    let lines = outcome.output.split(separator: "\n").dropFirst()
    #expect(lines.count == 3, "\(outcome.output)")
    let move = lines.first { $0.contains("moved") }
    #expect(move?.contains("created") == true, "\(outcome.output)")
    #expect(move?.contains("new net:") == true && move?.contains(", uts:") == true)
    #expect(lines.contains { $0.contains("exited") }, "\(outcome.output)")
  }

  @Test("a value that is wider than those above it moves the rows below it, and is not cut")
  func widening() throws {
    let recording = try LiveRecording(interval: "200ms", ["--events", "on"])
    let process = try TestProcess()
    try recording.waitForSamples(2)
    let follower = try follow(
      recording, "--pid", "\(process.pid)", "--limit", "3", "--columns", "what,change")
    try recording.waitForSamples(5)
    try process.unshare(CloneFlag.net)
    // The row of this act is printed before that of the next, whose text is longer.
    try recording.waitForSamples(10)
    try process.enter(getpid(), CloneFlag.net)
    try recording.waitForSamples(10)
    try process.unshare(CloneFlag.uts)
    let outcome = try follower.wait()
    #expect(outcome.status == 0 && outcome.messages.isEmpty, "\(outcome.messages)")
    let rows = outcome.output.split(separator: "\n").dropFirst()
    let columns = try rows.map { row in
      row.distance(from: row.startIndex, to: try #require(row.range(of: "  moved")).upperBound)
    }
    #expect(columns.count == 3, "\(outcome.output)")
    #expect(columns.last == columns.dropFirst().first, "\(outcome.output)")
    #expect(columns.first ?? 0 < columns.last ?? 0, "\(outcome.output)")
  }

  @Test(
    "options that cannot be combined with --follow are refused",
    arguments: [
      ["--format", "json"], ["--sort", "pid"], ["--reverse"], ["--until", "now"], ["--pager"],
    ])
  func refused(_ options: [String]) throws {
    let outcome = try Command.run(Command.nshist, ["changes", "--follow"] + options)
    #expect(outcome.status == 64)
    #expect(outcome.messages.contains("--follow cannot be combined with \(options[0])"))
  }
}

/// The same command on a history that no recorder writes.
@Suite struct FollowedTableTests {
  @Test("the table has room for later rows, and a line for a time in which nothing was recorded")
  func gapsAndWidths() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    let outcome = try Command.run(
      Command.nshist,
      [
        "changes", "--follow", "--since", "2023-11-14T22:00:00Z", "--limit", "3", "--utc", "--db",
        path,
      ])
    #expect(outcome.status == 0, "\(outcome.messages)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    let gaps = lines.filter { $0.hasPrefix("--- nothing was recorded from 2023-11-14 22:15:20") }
    #expect(gaps.count == 1 && gaps[0].contains("the machine was suspended"), "\(lines)")
    #expect(lines.contains { $0.contains("no recorder was running") && $0.hasSuffix(" ---") })
    let header = try #require(lines.first { $0.hasPrefix("TIME") })
    #expect(header.contains("PID      COMM             CONTAINER "), "\(header)")
    // Machine formats hold rows only.
    let csv = try Command.run(
      Command.nshist,
      [
        "changes", "--follow", "--since", "2023-11-14T22:00:00Z", "--limit", "3", "--format", "csv",
        "--db", path,
      ])
    #expect(!csv.output.contains("nothing was recorded"), "\(csv.output)")
    #expect(csv.messages.contains("nothing was recorded from"), "\(csv.messages)")
  }
}
