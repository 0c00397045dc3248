// Compares recorded containers and users with the actual ones: short processes of several users in cgroups like those
// of containers, while other processes keep the processors busy. A value that was not read must not be reported as
// read.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"),
  .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"))
struct ContainerTruthTests {
  private static let users: [UInt32] = [0, 33, 65534]

  /// A process that was started, with its container and user once it had moved into its cgroup.
  private struct Actor {
    let pid: Int32
    let container: String?
    let user: UInt32
  }

  /// Starts processes that run for some milliseconds, a few of them longer, until the time is over.
  private func perform(
    _ cgroups: [(id: String, cgroup: LiveCgroup)], seconds: Double, seed: UInt64
  ) throws -> [Actor] {
    var random = SeededRandom(seed: seed)
    var commands: [(Command, Actor)] = []
    let end = ClockReading.now().wall + Int64(seconds * 1e9)
    while ClockReading.now().wall < end {
      let index = Int.random(in: -1..<cgroups.count, using: &random)
      let user = Self.users.randomElement(using: &random) ?? 0
      let isLong = Int.random(in: 0..<8, using: &random) == 0
      let length = isLong ? 0.8 : Double.random(in: 0...0.06, using: &random)
      let program =
        "setpriv --reuid \(user) --regid \(user) --clear-groups sleep "
        + String(format: "%.3f", length)
      let words =
        index < 0 ? ["/bin/sh", "-c", "exec \(program)"] : cgroups[index].cgroup.run(program)
      let command = try Command(words[0], Array(words.dropFirst()))
      commands.append(
        (
          command,
          Actor(pid: command.pid, container: index < 0 ? nil : cgroups[index].id, user: user)
        ))
      usleep(UInt32.random(in: 1000...30_000, using: &random))
    }
    for (command, actor) in commands {
      let outcome = try command.wait()
      #expect(outcome.status == 0, "\(actor): \(outcome.messages)")
    }
    return commands.map(\.1)
  }

  @Test("a container or user that is reported as read is the actual one")
  func whatIsReadIsTrue() throws {
    let ids = ["a", "b"].map { String(format: "%08x", getpid()) + String(repeating: $0, count: 56) }
    let cgroups = try ids.map { ($0, try LiveCgroup("docker-\($0).scope")) }
    let busy = try (0..<2).map { _ in
      try Command("/bin/sh", ["-c", "while :; do :; done"])
    }
    defer { for command in busy { command.signal(SIGKILL) } }
    let recording = try LiveRecording(interval: "400ms", ["--events", "on"])
    try recording.waitForSamples(1)
    let actors = try perform(cgroups, seconds: 6, seed: 21)
    try recording.settle()
    // Skips PIDs that were used twice: it is not known which process is meant.
    let counts = Dictionary(grouping: actors, by: \.pid).mapValues(\.count)
    var known: [Int: [Row]] = [:]
    for row in try recording.ask("history", "comm:sleep") {
      if let pid = row.pid { known[pid, default: []].append(row) }
    }
    var (containersRead, usersRead, asked) = (0, 0, 0)
    for actor in actors where counts[actor.pid] == 1 {
      guard let rows = known[Int(actor.pid)], Set(rows.map { $0["start"] }).count == 1,
        let row = rows.last
      else { continue }
      asked += 1
      // The last row shows the final container and user: the process moved first and then took its user.
      if row["uid_source"] == "read" {
        usersRead += 1
        #expect(row.number("uid") == Int(actor.user), "\(actor): \(row)")
      }
      guard row["container_source"] != "inherited", row["container_source"] != "unknown" else {
        continue
      }
      containersRead += 1
      #expect(row["container"] == actor.container, "\(actor): \(row)")
    }
    print(
      "container truth: \(asked) of \(actors.count) processes, \(containersRead) containers and \(usersRead) users read"
    )
    #expect(asked * 2 > actors.count && containersRead * 4 > asked && usersRead * 4 > asked)
    for (id, _) in cgroups {
      let reported = Set(try recording.ask("history", "container:\(id)").compactMap(\.pid))
      let others = actors.filter { counts[$0.pid] == 1 && $0.container != id }.map { Int($0.pid) }
      let unexpected = reported.intersection(others)
      #expect(unexpected.isEmpty, "\(unexpected) of \(reported.count)")
    }
  }
}
