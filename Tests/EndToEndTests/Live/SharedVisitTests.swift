// Two containers on the live system that share a network for six milliseconds only.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"),
  .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"))
struct SharedVisitTests {
  private let recording: LiveRecording
  private let cgroups: [LiveCgroup]
  private static let names = ["a", "b"].map {
    String(repeating: "\($0)\(getpid() % 10)", count: 32)
  }

  init() throws {
    recording = try LiveRecording(interval: "1s", ["--events", "on"])
    cgroups = try Self.names.map { try LiveCgroup("docker", $0) }
  }

  private func start(_ index: Int, _ command: String) throws -> Command {
    let words = cgroups[index].run(command)
    return try Command(words[0], Array(words.dropFirst()))
  }

  private func shared(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(
      Command.nshist, ["query", "shared", "--db", recording.database, "--utc"] + arguments)
  }

  @Test("a visit of six milliseconds is reported, and `never` only for the time before it")
  func visit() throws {
    let containers = Self.names.map { "container:\($0.prefix(12))" }
    let folder = try TemporaryFolder()
    let (door, left) = (folder.file("door"), folder.file("left"))
    #expect(mkfifo(door, 0o600) == 0)
    let host = try start(1, "/usr/bin/unshare --net --uts sleep 60")
    let guest = try start(
      0,
      """
      /usr/bin/unshare --net --uts /bin/sh -c 'read word <\(door); \
      nsenter -t \(host.pid) --net sleep 0.006; : >\(left); sleep 60; true'
      """)
    defer { for command in [host, guest] { command.signal(SIGKILL) } }
    try eventually("both in networks of their own") {
      let links = try [getpid(), host.pid, guest.pid].map {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/net")
      }
      return Set(links).count == 3
    }
    // Both have left the host's network, and the visit begins only when the door is written to.
    let start = ClockReading.now().wall
    try recording.waitForSamples(2)
    let quiet: (WallTime, WallTime) = (start, ClockReading.now().wall)
    try "go\n".write(toFile: door, atomically: false, encoding: .utf8)
    try eventually("the visit") { FileManager.default.fileExists(atPath: left) }
    try recording.settle()

    let types = ["--type", "net,uts"]
    let since = ["--since", argument(quiet.0)]
    let found = try Command.run(
      Command.nshist,
      ["query", "shared"] + containers + types + since + ["--db", recording.database, "--utc"])
    #expect(found.status == 0, "\(found.output) \(found.messages)")
    let first = found.output.split(separator: "\n").first.map(String.init) ?? ""
    let sentence = try Regex(
      #"^shared  PID [0-9]+ \((sleep|nsenter)\) of container a[0-9a]+ was in b[0-9b]+'s net namespace "#
        + #"[-0-9]+ [0-9:.]+Z to [0-9:.]+ \(exact\)\.$"#)
    #expect(first.wholeMatch(of: sentence) != nil, "\(found.output)")

    let before = ["--since", argument(quiet.0), "--until", argument(quiet.1)]
    let apart = try Command.run(
      Command.nshist,
      ["query", "shared"] + containers + types + before + ["--db", recording.database])
    #expect(apart.status == 1, "\(apart.output) \(apart.messages)")
    #expect(apart.output.hasPrefix("never  "))
    let alone = try Command.run(
      Command.nshist,
      ["query", "shared", containers[0], "host"] + types + before + ["--db", recording.database])
    #expect(alone.status == 1, "\(alone.output) \(alone.messages)")

    let json = try Command.run(
      Command.nshist,
      ["query", "shared"] + containers + types + since
        + ["--format", "json", "--db", recording.database])
    let answer = Row(
      values: try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        ?? [:])
    #expect(answer["verdict"] == "shared")
    let lines = answer.rows("types")
    #expect(lines.map { $0["verdict"] } == ["shared", "never"], "\(json.output)")
    let visit = try #require(lines.first?.rows("visits").first)
    #expect(visit["began"] == "exact" && visit["ended"] == "exact")
    #expect(visit.row("process")?["container"] == Self.names[0])
    #expect(visit.rows("others").map { $0["container"] } == [Self.names[1]])
    let length = (visit.time("until") ?? 0) - (visit.time("from") ?? 0)
    #expect(length >= 6_000_000 && length < 500_000_000, "\(visit)")

    // `same` asks whether all of them were together, and its answer points to `shared`.
    let same = try Command.run(
      Command.nshist,
      ["query", "same"] + containers + ["--type", "net", "--db", recording.database] + since)
    #expect(same.status == 1 && same.output.contains("processes together"), "\(same.output)")
    #expect(same.output.contains("nshist query shared"), "\(same.output)")
  }
}
