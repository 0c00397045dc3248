// Each way in which the kernel starts a task, or changes what it is, is recorded as /proc shows the task afterwards.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct WaysOfStartingTests {
  /// What a task is, as the history and `/proc` say it.
  private struct Task: Equatable, CustomStringConvertible {
    let parent: Int
    let comm: String
    /// The inode number of each of its namespaces.
    let namespaces: [String: UInt64]

    var description: String {
      "\(comm) of \(parent) in \(namespaces.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" })"
    }

    init(ofRow row: Row) {
      parent = row.number("ppid") ?? -1
      comm = row["comm"] ?? "?"
      namespaces = Dictionary(
        uniqueKeysWithValues: Self.types.map { type in
          (type, row.row("namespaces")?.row(type)?.number("inode").map(UInt64.init) ?? 0)
        })
    }

    /// Whether another description has nothing else than this one, but may lack parts. perf reports the process that
    /// made a task, which is taken for its parent until a sample reads the parent.
    func agrees(with other: Task) -> Bool {
      ["?", comm].contains(other.comm)
        && other.namespaces.allSatisfy { [0, namespaces[$0.key]].contains($0.value) }
    }

    /// Reads a process in `/proc`.
    init(_ pid: Int32) throws {
      let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      func field(_ name: String) throws -> String {
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return String(try #require(line).dropFirst(name.count + 1)).trimmingCharacters(
          in: .whitespaces)
      }
      parent = try #require(Int(try field("PPid")))
      comm = try field("Name")
      namespaces = try Dictionary(
        uniqueKeysWithValues: Self.types.map { type in
          (type, try #require(KernelNamespace.inode("/proc/\(pid)/ns/\(type)")))
        })
    }

    private static let types = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
  }

  /// Returns the last row of the history of a process that runs.
  private func recorded(_ pid: Int32, by recording: LiveRecording) throws -> Row {
    let rows = try recording.ask("history", "\(pid)").filter { $0.number("tid") == nil }
    return try #require(rows.last { $0.flag("open") == true }, "\(pid): \(rows)")
  }

  // A sample in between would repair what an event left out, so the interval is longer than the test.
  @Test("is recorded as /proc shows it", arguments: LiveEvents.kinds)
  func ways(by kind: String) throws {
    let recording = try LiveRecording(interval: "20s", ["--events", kind])
    let maker = try TestProcess()
    try maker.unshare(CloneFlag.net)

    // A vfork whose child executes a program, a child of the maker's own parent, and clone3 with a new time namespace.
    let byVfork = try maker.startChildByVfork()
    let sibling = try maker.startSibling()
    defer { _ = try? TestProcess.endSibling(sibling) }
    let inNewTime = try TestProcess(in: CloneFlag.time)
    let inTwoNew = try TestProcess(in: CloneFlag.pid | CloneFlag.user)

    // User namespaces in one another. Only a user and group that the outer one knows may make the inner one.
    let nested = try TestProcess()
    try nested.unshare(CloneFlag.user)
    for map in ["uid_map", "gid_map"] {
      try Data("0 0 1\n".utf8).write(to: URL(fileURLWithPath: "/proc/\(nested.pid)/\(map)"))
    }
    try nested.unshare(CloneFlag.user)

    // unshare of the time namespace, which an exec enters.
    let enters = try Command("/usr/bin/unshare", ["--time", "sleep", "60"])
    let own = KernelNamespace.inode("/proc/self/ns/time")
    try eventually("its own time namespace") {
      KernelNamespace.inode("/proc/\(enters.pid)/ns/time") != own
    }

    // An exec by the second thread, which is in other namespaces than the main thread.
    let threaded = try TestProcess()
    _ = try threaded.startThread()
    try threaded.unshareInThread(CloneFlag.uts)
    try threaded.execInThread()

    try recording.settle()
    for (what, pid) in [
      ("vfork", byVfork), ("CLONE_PARENT", sibling), ("CLONE_NEWTIME", inNewTime.pid),
      ("CLONE_NEWPID and CLONE_NEWUSER", inTwoNew.pid), ("nested users", nested.pid),
      ("exec into a time namespace", enters.pid), ("exec by a thread", threaded.pid),
    ] {
      let row = try recorded(pid, by: recording)
      let said = Task(ofRow: row)
      let real = try Task(pid)
      if kind == "bpf" {
        #expect(said == real, "\(what): recorded \(said), not \(real)")
      } else {
        // By perf the time namespace is known only where the recorder got to read it, and the name of a process that a
        // thread made only where the thread has got its name since the recorder listens. Nothing known is wrong.
        #expect(real.agrees(with: said), "\(what): recorded \(said), not \(real)")
      }
      // With BPF each record carries the whole set, so that nothing is left to a look at /proc.
      #expect(row.flag("began_exactly") == true || kind == "perf", "\(what): \(row)")
    }
    let users = try recording.ask("history", "\(nested.pid)").compactMap {
      $0.row("namespaces")?.row("user")?.number("inode")
    }
    #expect(Set(users).count == 3, "the initial one and two of its own: \(users)")
  }
}
