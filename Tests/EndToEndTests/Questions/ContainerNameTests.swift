// Names of containers: the recorder finds them in the files of the engine, and every query accepts them.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"))
struct ContainerNameTests {
  /// The ID of the container. Each test has another one, since the processes and the cgroup of an earlier test or run
  /// may still exist.
  private let id =
    String(format: "%08x", UInt32.random(in: 0 ... .max))
    + String(repeating: "0123456789abcdef", count: 4)
    .dropFirst(8)

  /// Makes a root folder with the files of an engine that knows one container.
  private func hostRoot(_ folder: TemporaryFolder) throws -> String {
    let root = folder.file("host")
    let state = "\(root)/var/lib/docker/containers/\(id)"
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    let config = #"{"ID":"\#(id)","Name":"/web","Config":{"Image":"nginx:1.29"}}"#
    try Data(config.utf8).write(to: URL(fileURLWithPath: state + "/config.v2.json"))
    return root
  }

  /// Returns the PID of the child of a process.
  private func child(of pid: Int32) throws -> Int32 {
    var found: Int32?
    try eventually("PID \(pid) has a child") {
      let path = "/proc/\(pid)/task/\(pid)/children"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      found = text.split(separator: " ").first.flatMap { Int32($0) }
      return found != nil
    }
    return try #require(found)
  }

  @Test(
    "a container and its processes are selected by name, by the start of its ID, and by inner PIDs")
  func named() throws {
    let folder = try TemporaryFolder()
    let cgroup = try LiveCgroup("docker", id)
    let words = cgroup.run(
      "unshare --pid --net --fork --kill-child --mount-proc sh -c 'sleep 300 & exec sleep 301'")
    let outer = try Command(words[0], Array(words.dropFirst()))
    let first = try child(of: outer.pid)
    let second = try child(of: first)
    let recording = try LiveRecording(
      interval: "100ms", ["--host-root", try hostRoot(folder)])
    try recording.waitForSamples(3)
    try recording.waitForContainer("web")
    try recording.settle()

    for name in ["web", String(id.prefix(12))] {
      let rows = try recording.ask("processes", "--container", name)
      #expect(Set(rows.compactMap(\.pid)) == [Int(outer.pid), Int(first), Int(second)], "\(rows)")
      #expect(rows.allSatisfy { $0["container"] == id && $0["container_name"] == "web" })
      #expect(rows.allSatisfy { $0["engine"] == "docker" })
      let inside = rows.filter { $0.pid != Int(outer.pid) }
      #expect(
        inside.allSatisfy {
          $0.texts("host")
            == ["cgroup", "ipc", "mnt", "time", "user", "uts"].filter { $0 != "mnt" }
        }, "\(inside)")
    }
    let namespaces = try recording.ask("namespaces", "--container", "web", "--type", "net,pid")
    let pids = try ["net", "pid"].map {
      try #require(KernelNamespace.inode("/proc/\(first)/ns/\($0)"))
    }
    #expect(Set(namespaces.compactMap { $0.number("inode") }).isSuperset(of: pids.map(Int.init)))
    #expect(namespaces.allSatisfy { ["net", "pid"].contains($0["type"]) })
    // Selects by the PID inside of the container and by the one outside.
    let inode = try #require(KernelNamespace.inode("/proc/\(first)/ns/pid"))
    for (arguments, expected) in [
      (["1@pid:[\(inode)]"], first), (["2@pid:\(inode)"], second), (["1@pid@\(second)"], first),
      (["1", "--in", "web"], first), (["2", "--in", "web"], second),
    ] {
      let outcome = try Command.run(
        Command.nshist,
        ["query", "history"] + arguments + ["--format", "json", "--db", recording.database])
      let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      let rows = ((answer as? [String: Any])?["history"] as? [[String: Any]] ?? []).map(Row.init)
      #expect(!rows.isEmpty && rows.allSatisfy { $0.pid == Int(expected) }, "\(arguments): \(rows)")
    }
    let same = try Command.nshist(
      "query", "same", "1", "2", "--in", "web", "--type", "net,pid", "--db", recording.database)
    #expect(same.status == 0 && same.output.contains("container web (docker "), "\(same.output)")
    let none = try Command.nshist(
      "query", "history", "77", "--in", "web", "--db", recording.database)
    #expect(none.status == 0 && none.messages.contains("the PID 77"), "\(none.messages)")
    outer.signal(SIGKILL)
    _ = try outer.wait()
  }

  @Test("after a restart of a container its PIDs are other processes, and `same` says so")
  func restarted() throws {
    let folder = try TemporaryFolder()
    let cgroup = try LiveCgroup("docker", id)
    let recording = try LiveRecording(
      interval: "100ms", ["--host-root", try hostRoot(folder)])
    func run() throws -> Command {
      let words = cgroup.run(
        "unshare --pid --net --fork --kill-child --mount-proc sh -c 'sleep 300 & exec sleep 301'")
      let outer = try Command(words[0], Array(words.dropFirst()))
      _ = try child(of: child(of: outer.pid))
      try recording.waitForSamples(3)
      return outer
    }
    for isLast in [false, true] {
      let outer = try run()
      if isLast { try recording.settle() }
      let same = try Command.nshist(
        "query", "same", "1", "2", "--in", "web", "--type", "net,pid", "--db", recording.database)
      #expect(same.status == 0, "\(same.output)")
      for pid in [1, 2] {
        let note =
          "1 other process had PID \(pid) too in that time: this is the last one; --at TIME"
        #expect(same.output.contains(note) == isLast, "\(same.output)")
      }
      #expect(!same.output.contains("processes together"), "\(same.output)")
      outer.signal(SIGKILL)
      _ = try outer.wait()
    }
  }

  @Test("a cgroup that a user may have made gets no name of root's container and is unverified")
  func forged() throws {
    let folder = try TemporaryFolder()
    let user = ["user.slice", "user-1000.slice", "user@1000.service", "docker-\(id).scope"]
    let groups = [
      try LiveCgroup("docker-\(id).scope"), try LiveCgroup(user[0], user[1], user[2], user[3]),
      try LiveCgroup("nshist-\(getpid()).service", "docker-\(id).scope"),
    ]
    try groups[2].give(to: 1000)
    let processes = try groups.map { group in
      let words = group.run("sleep 300")
      return try Command(words[0], Array(words.dropFirst()))
    }
    let recording = try LiveRecording(
      interval: "100ms", ["--host-root", try hostRoot(folder)])
    try recording.waitForSamples(4)
    try recording.waitForContainer("web")
    try recording.settle()
    let named = try recording.ask("processes", "--container", "web")
    #expect(named.map(\.pid) == [Int(processes[0].pid)], "\(named)")
    #expect(named.first?.flag("container_verified") == true)
    #expect(named.first?.number("container_owner") == nil)
    let rows = try recording.ask("processes", "--container", id)
    #expect(Set(rows.compactMap(\.pid)) == Set(processes.map { Int($0.pid) }), "\(rows)")
    for row in rows where row.pid != Int(processes[0].pid) {
      #expect(row.flag("container_verified") == false && row["container_name"] == nil, "\(row)")
      #expect(row.number("container_owner") == 1000, "\(row)")
    }
    let table = try Command.nshist(
      "query", "processes", "--container", id, "--db", recording.database)
    #expect(table.output.contains("unverified, of uid 1000"), "\(table.output)")
    for process in processes {
      process.signal(SIGKILL)
      _ = try process.wait()
    }
  }

  @Test("an unknown name is an error that names the nearest known one")
  func unknown() throws {
    let folder = try TemporaryFolder()
    let group = try LiveCgroup("docker-\(id).scope")
    let words = group.run("sleep 300")
    let process = try Command(words[0], Array(words.dropFirst()))
    let recording = try LiveRecording(
      interval: "100ms", ["--host-root", try hostRoot(folder)])
    try recording.waitForSamples(3)
    try recording.waitForContainer("web")
    try recording.settle()
    for question in [
      ["processes", "--container", "wed"], ["namespaces", "--container", "wed"],
      ["history", "container:wed"], ["peers", "container:wed"],
      ["changes", "--pid", "container:wed"], ["same", "container:wed", "1"],
      ["members", "net@container:wed"], ["history", "1", "--in", "wed"],
    ] {
      let outcome = try Command.run(
        Command.nshist, ["query"] + question + ["--db", recording.database])
      #expect(outcome.status == 66 && outcome.output == "", "\(question): \(outcome)")
      #expect(
        outcome.messages.contains("no container 'wed'") && outcome.messages.contains("web"),
        "\(question): \(outcome.messages)")
    }
    for arguments in [["export", "--container", "wed"], ["timeline", "container:wed"]] {
      let outcome = try Command.run(Command.nshist, arguments + ["--db", recording.database])
      #expect(outcome.status == 66, "\(arguments): \(outcome)")
    }
    let name = try Command.nshist(
      "query", "history", "comm:sleeq", "--db", recording.database)
    #expect(name.status == 66 && name.messages.contains("sleep"), "\(name.messages)")
    process.signal(SIGKILL)
    _ = try process.wait()
  }

  @Test("a missing --host-root is an error")
  func missing() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.nshist(
      "record", "--samples", "1", "--host-root", folder.file("none"), "--db",
      folder.file("history.db"))
    #expect(outcome.status == 66, "\(outcome)")
    #expect(outcome.messages.contains("cannot open \(folder.file("none"))"))
  }
}
