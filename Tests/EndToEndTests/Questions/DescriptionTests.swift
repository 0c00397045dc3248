// The description of a process at a time: its name, user, container and parent, also if they change while it runs and
// if no sample shows it.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"))
struct DescriptionTests {
  /// Returns a container ID that differs in each run, since the cgroup of an earlier run may still exist.
  private func id(_ digit: Character) -> String {
    String(format: "%08x", getpid()) + String(repeating: digit, count: 56)
  }

  private func start(_ words: [String]) throws -> Command {
    try Command(words[0], Array(words.dropFirst()))
  }

  private static let events = LiveEvents.kinds + ["off"]

  @Test(
    "a process that is moved between containers is in each of them at its time",
    arguments: events)
  func moved(events: String) throws {
    // The cases run at the same time, so they need different cgroups.
    let letters: [String: (Character, Character)] = ["perf": ("a", "b"), "bpf": ("8", "9")]
    let (a, b) = letters[events] ?? ("e", "f")
    let (one, two) = (id(a), id(b))
    let first = try LiveCgroup("docker-\(one).scope")
    let second = try LiveCgroup("docker-\(two).scope")
    let recording = try LiveRecording(interval: "100ms", ["--events", events])
    let process = try start(first.run("sleep 300"))
    try recording.waitForSamples(3)
    let before = ClockReading.now().wall
    try recording.waitForSamples(1)
    try second.add(process.pid)
    try recording.waitForSamples(3)
    let after = ClockReading.now().wall
    try recording.waitForSamples(1)
    try recording.settle()
    for (time, mine, other) in [(before, one, two), (after, two, one)] {
      let row = try recording.ask("processes", "--at", argument(time), "--container", mine).first
      #expect(row?.pid == Int(process.pid) && row?["container"] == mine)
      #expect(row?["container_source"] == "cgroup" && row?.texts("disputed") == [])
      let none = try recording.ask("processes", "--at", argument(time), "--container", other)
      #expect(none.isEmpty, "\(none)")
    }
    let left = try recording.ask("history", "container:\(one)")
    let entered = try recording.ask("history", "container:\(two)")
    #expect(left.count == 1 && left[0]["ended"] == "changed", "\(left)")
    #expect(left.first?["container"] == one)
    #expect(entered.count == 1 && entered[0]["began"] == "changed", "\(entered)")
    #expect(entered.first?["container"] == two)
    let (until, from) = (left.last?.time("until") ?? 0, entered.first?.time("from") ?? 0)
    #expect(before < until && until < from && from < after, "\(before) \(after) \(left)")
    process.signal(SIGKILL)
    _ = try process.wait()
  }

  @Test("a process has the name and the user of the time asked about", arguments: events)
  func renamed(events: String) throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", events])
    let process = try start(
      ["/bin/sh", "-c", "sleep 1.5; exec setpriv --reuid 33 --clear-groups sleep 300"])
    try recording.waitForSamples(3)
    let before = ClockReading.now().wall
    try eventually("another user") {
      try Self.status(process.pid).contains { $0.hasPrefix("Uid:\t33") }
    }
    try recording.waitForSamples(3)
    let after = ClockReading.now().wall
    try recording.waitForSamples(1)
    try recording.settle()
    for (time, name, user, otherUser) in [(before, "sh", 0, 33), (after, "sleep", 33, 0)] {
      let row = try recording.ask(
        "processes", "--at", argument(time), "--pid", "\(process.pid)", "--uid", "\(user)"
      ).first
      #expect(row?["comm"] == name && row?.number("uid") == user, "\(row.debugDescription)")
      #expect(row?["uid_source"] == "read")
      let none = try recording.ask(
        "processes", "--at", argument(time), "--pid", "\(process.pid)", "--uid", "\(otherUser)")
      #expect(none.isEmpty, "\(none)")
    }
    for (name, isEarly) in [("sh", true), ("sleep", false)] {
      let rows = try recording.ask("history", "comm:\(name)")
        .filter { $0.pid == Int(process.pid) }
      #expect(!rows.isEmpty, "\(name)")
      let (from, until) = (rows.first?.time("from") ?? 0, rows.last?.time("until") ?? 0)
      #expect(isEarly ? until < after : from > before, "\(name): \(rows)")
      // Its exit has its last name.
      let changes = try recording.ask("changes", "--pid", "comm:\(name)")
        .filter { $0.pid == Int(process.pid) }
      #expect(changes.allSatisfy { $0["comm"] == name }, "\(changes)")
    }
    process.signal(SIGKILL)
    _ = try process.wait()
  }

  private static func status(_ pid: Int32) throws -> [String] {
    try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      .split(separator: "\n").map(String.init)
  }

  @Test(
    "a process between two samples has its own user and container, not its parent's",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"), arguments: LiveEvents.kinds)
  func short(events: String) throws {
    let id = id(events == "bpf" ? "6" : "c")
    let cgroup = try LiveCgroup("docker-\(id).scope")
    let recording = try LiveRecording(interval: "60s", ["--events", events])
    // The event of a start by BPF has the user.
    let userOfChild = events == "bpf" ? "read" : "inherited"
    // A program in a container, and a child of it that executes no program.
    let process = try start(
      cgroup.run("setpriv --reuid 33 --clear-groups sh -c '(sleep 0.2; :) & sleep 0.4'"))
    _ = try process.wait()
    try recording.settle()
    let rows = try recording.ask("history", "\(process.pid)")
    // Before its first program it was a shell outside, which moved itself into the cgroup.
    #expect(rows.last?["container"] == id && rows.dropLast().allSatisfy { $0["container"] == nil })
    #expect(rows.count <= 2, "\(rows)")
    if let row = rows.last {
      #expect(row.number("uid") == 33 && row["uid_source"] == "read", "\(row)")
      #expect(row["container_source"] == "cgroup", "\(row)")
    }
    let all = try recording.ask("history", "container:\(id)")
    let children = all.filter { $0.pid != Int(process.pid) && $0["comm"] == "sh" }
    #expect(children.allSatisfy { $0["uid_source"] == userOfChild }, "\(children)")
    #expect(children.allSatisfy { $0["container_source"] == "inherited" }, "\(children)")
    #expect(!children.isEmpty, "\(all)")
    let exports = try exported(recording, "--container", id)
    for row in exports {
      let isOwn = row.pid == Int(process.pid)
      #expect(isOwn ? row["uid_source"] == "read" : row["uid_source"] != nil, "\(row)")
    }
    let inherited = exports.filter { row in children.contains { $0.pid == row.pid } }
    #expect(!inherited.isEmpty && inherited.allSatisfy { $0["uid_source"] == userOfChild })
  }

  private func exported(_ recording: LiveRecording, _ words: String...) throws -> [Row] {
    let outcome = try Command.run(
      Command.nshist, ["export", "--format", "json", "--db", recording.database] + words)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let rows = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return (rows as? [[String: Any]] ?? []).map(Row.init)
  }

  @Test(
    "a container without files of its engine is reported as known by ID alone")
  func nameless() throws {
    let id = id("7")
    let cgroup = try LiveCgroup("docker-\(id).scope")
    let process = try start(cgroup.run("sleep 300"))
    defer { process.signal(SIGKILL) }
    let recording = try LiveRecording(interval: "100ms")
    try recording.waitForSamples(3)
    try recording.settle()
    let row = try recording.ask("processes", "--container", id).first
    #expect(row?["container_name"] == nil && row?["container_name_source"] == "not-found")
    let other = try recording.ask("processes", "--pid", "\(getpid())").first
    #expect(other?["container_name_source"] == nil)
    for words in [
      ["processes", "--container", id], ["history", "container:\(id)"],
      ["changes", "--container", id],
    ] {
      let outcome = try Command.run(
        Command.nshist, ["query"] + words + ["--db", recording.database])
      #expect(
        outcome.messages.contains("\(id.prefix(12)) is known by id alone"), "\(outcome.messages)")
    }
    let unknown = try Command.nshist(
      "query", "processes", "--container", "nobody", "--db", recording.database)
    #expect(unknown.status == 66 && unknown.messages.contains(id.prefix(12)), "\(unknown.messages)")
    let quiet = try Command.nshist(
      "query", "processes", "--pid", "\(getpid())", "--db", recording.database)
    #expect(!quiet.messages.contains("by id alone"), "\(quiet.messages)")
  }

  @Test("a process that entered a container's namespaces from outside is listed and marked")
  func outside() throws {
    let id = id("d")
    let cgroup = try LiveCgroup("docker-\(id).scope")
    let process = try start(cgroup.run("unshare --net --uts --ipc sleep 300"))
    try eventually("its own namespaces") {
      KernelNamespace.inode("/proc/\(process.pid)/ns/net")
        != KernelNamespace.inode("/proc/self/ns/net")
    }
    let visitor = try start(["/usr/bin/nsenter", "-t", "\(process.pid)", "-n", "sleep", "300"])
    let recording = try LiveRecording(interval: "100ms")
    try recording.waitForSamples(4)
    try recording.settle()
    let rows = try recording.ask("processes", "--container", id)
    #expect(Set(rows.compactMap(\.pid)) == [Int(process.pid), Int(visitor.pid)], "\(rows)")
    for row in rows {
      let isOwn = row.pid == Int(process.pid)
      #expect(row["container"] == (isOwn ? id : nil), "\(row)")
      #expect(row.texts("outside_of") == (isOwn ? [] : [id]), "\(row)")
    }
    let table = try Command.nshist(
      "query", "processes", "--container", id, "--db", recording.database)
    #expect(table.output.contains("\(id.prefix(12)) (outside)"), "\(table.output)")
    for one in [process, visitor] {
      one.signal(SIGKILL)
      _ = try one.wait()
    }
  }

  @Test(
    "the parent at a time is the current one, not the exited process that forked it",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
  func orphan() throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", "on"])
    let maker = try TestProcess()
    let pid = try maker.startChild()
    defer { kill(pid, SIGKILL) }
    try recording.waitForSamples(3)
    let before = ClockReading.now().wall
    // Samples read the parent, so it is known up to the last sample that read it.
    try recording.waitForSamples(2)
    try maker.exit()
    try recording.waitForSamples(3)
    let after = ClockReading.now().wall
    try recording.waitForSamples(1)
    try recording.settle()
    let earlier = try recording.ask("processes", "--at", argument(before))
    let child = earlier.first { $0.pid == Int(pid) }
    #expect(
      child?.number("ppid") == Int(maker.pid) && child?.number("maker_pid") == Int(maker.pid),
      "\(pid) of \(maker.pid): \(child as Any)")
    let later = try recording.ask("processes", "--at", argument(after), "--pid", "\(pid)").first
    let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    let parent = stat.split(separator: ")").last?.split(separator: " ").dropFirst().first
    #expect(later?.number("ppid") == parent.flatMap { Int($0) })
    #expect(later?.number("maker_pid") == Int(maker.pid))
  }
}
