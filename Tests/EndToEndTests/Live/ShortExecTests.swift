// Programs that `podman exec` runs in a container for some milliseconds. No sample shows them, and mostly nobody
// reads their cgroup, yet every question says that they were of the container.

import Foundation
import NamespaceModel
import SQLite
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"),
  .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"),
  .enabled(if: Podman.runs, "\(Podman.need)"))
struct ShortExecTests {
  private let podman: Podman
  private let recording: LiveRecording
  private let name = "nshist-\(getpid())-\(UInt32.random(in: 0..<10000))"

  init() throws {
    podman = try Podman()
    recording = try LiveRecording(interval: "2s", ["--events", "on"])
  }

  @Test("a short podman exec belongs to its container in every question")
  func exec() throws {
    let web = try podman.start(name + "-web")
    let db = try podman.start(name + "-db")
    for name in [name + "-web", name + "-db"] {
      try eventually("the name \(name)") {
        try Command.nshist(
          "query", "processes", "--container", name, "--format", "csv", "--db", recording.database
        ).status == 0
      }
    }
    let since = argument(ClockReading.now().wall)
    for _ in 0..<6 { _ = try podman.exec(name + "-web", "/bin/busybox", "true") }
    let until = argument(ClockReading.now().wall)
    try recording.settle()
    let window = ["--since", since, "--until", until]
    let selector = "container:\(name)-web"

    let net = try #require(KernelNamespace.inode("/proc/\(web.pid)/ns/net"))
    let members = try recording.ask(["members", "net:\(net)"] + window)
      .filter { $0.pid != Int(web.pid) }
    let guests = Set(members.compactMap(\.pid))
    #expect(guests.count >= 6, "\(members)")
    // A process of runc may be read before it is in the container's cgroup; then it counts as outside.
    let isOfWeb = { (row: Row) in
      if row["comm"]?.hasPrefix("runc") == true, row["container_source"] == nil { return true }
      return row["container"] == web.id
        && ["cgroup", "namespaces"].contains(row["container_source"])
    }
    #expect(members.contains { $0["container_source"] == "namespaces" }, "\(members)")
    #expect(members.allSatisfy(isOfWeb), "\(members)")
    let history = try recording.ask(["history", selector] + window)
    let executed = Set(members.filter { $0["comm"] == "busybox" }.compactMap(\.pid))
    #expect(executed.count == 6, "\(members)")
    #expect(executed.isSubset(of: history.compactMap(\.pid)), "\(history)")
    #expect(history.allSatisfy(isOfWeb), "\(history)")
    let changes = try recording.ask(["changes", "--container", name + "-web"] + window)
    let exits = changes.filter { $0["change"] == "exited" && guests.contains($0.pid ?? 0) }
    #expect(Set(exits.compactMap(\.pid)) == guests && exits.allSatisfy(isOfWeb), "\(exits)")
    let peers = try recording.ask(["peers", "\(web.pid)", "--type", "net"] + window)
    #expect(guests.isSubset(of: peers.compactMap(\.pid)) && peers.allSatisfy(isOfWeb), "\(peers)")
    let exported = try Command.run(
      Command.nshist,
      [
        "export", "--format", "csv", "--type", "net", "--container", name + "-web", "--db",
        recording.database,
      ] + window)
    for pid in executed { #expect(exported.output.contains(",\(pid),"), "\(exported.output)") }

    let shared = try Command.run(
      Command.nshist,
      [
        "query", "shared", selector, "container:\(name)-db", "--type", "net,mnt,pid,uts", "--db",
        recording.database,
      ] + window)
    #expect(shared.status == 1 && shared.output.hasPrefix("never"), "\(shared.output)")
    #expect(shared.output.contains("by their namespaces"), "\(shared.output)")
    let reached = try Command.run(
      Command.nshist,
      ["query", "shared", selector, "net:\(net)", "--type", "net", "--db", recording.database]
        + window)
    #expect(reached.status == 0, "\(reached.output)")
    withExtendedLifetime(db) {}

    // If changes were omitted, the answer says so.
    #expect(!shared.output.contains("left out"), "\(shared.output)")
    _ = try recording.end()
    try Connection(path: recording.database, access: .readWrite).execute(
      "INSERT INTO sample_note (seq, folded) SELECT seq, 3 FROM sample WHERE true "
        + "ON CONFLICT (seq) DO UPDATE SET folded = 3")
    let words =
      [
        "query", "shared", selector, "container:\(name)-db", "--type", "net", "--db",
        recording.database,
      ]
      + window
    let partial = try Command.run(Command.nshist, words)
    #expect(partial.status == 1, "\(partial.output)")
    #expect(
      partial.output.contains(
        "but changes were omitted, because one task changed namespaces too often: 3 changes of namespaces from"
      ),
      "\(partial.output)")
    let json = try Command.run(Command.nshist, words + ["--format", "json"])
    #expect(json.output.contains("changes-left-out"), "\(json.output)")
  }
}
