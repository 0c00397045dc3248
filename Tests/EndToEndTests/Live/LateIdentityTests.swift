// On the live system: namespaces whose maker exits at once, scans on request, and sessions in two time namespaces.

import Foundation
import NSHistory
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct LateIdentityTests {
  private static let hasIDs: Bool = {
    guard let root = try? ProcRoot() else { return false }
    return IdentitySource.probe(root) != .continuity
  }()

  private func texts(_ recording: LiveRecording, _ sql: String) throws -> [String] {
    try Recording.texts(sql, in: recording.database)
  }

  @Test("a namespace whose maker exits at once gets its id and owner, and stays one")
  func makerExits() throws {
    let recording = try LiveRecording(interval: "200ms", ["--events", "on"])
    let orphans = try (0..<10).map { _ in try Orphan(in: CloneFlag.uts) }
    let inodes = try orphans.map {
      try #require(KernelNamespace.inode("/proc/\($0.pid)/ns/uts"))
    }
    try recording.waitForSamples(3)
    // Looks only at namespaces since these processes started: earlier ones may have had the same inode numbers.
    let rows = try zip(orphans, inodes).flatMap { orphan, inode in
      try texts(
        recording,
        """
        SELECT inode || ' ' || COUNT(*) || ' ' || COUNT(kernel_id) || ' ' || COUNT(owner_id) || ' '
          || MAX(initial) FROM namespace WHERE inode = \(inode) AND type = 8
          AND (last_seq IS NULL OR last_seq >= (
            SELECT MIN(from_seq) FROM membership
            WHERE task_id = (SELECT MAX(task_id) FROM task WHERE pid = \(orphan.pid))))
        GROUP BY inode
        """)
    }
    let count = Self.hasIDs ? 1 : 0
    #expect(rows.sorted() == inodes.map { "\($0) 1 \(count) 1 0" }.sorted())
    let changes = try recording.ask("changes", "--type", "uts")
    for orphan in orphans {
      #expect(!changes.contains { $0.pid == Int(orphan.pid) && $0["change"] == "moved" })
    }
    _ = try recording.end()
  }

  /// Returns the rows that are the net namespace at a path: by the kernel's id, and by a process that is in it. Other
  /// tests have namespaces with the same inode number just before.
  private func rows(_ recording: LiveRecording, _ path: String, of pid: Int32) throws -> [String] {
    let namespace = try NamespacePath(path)
    return try texts(
      recording,
      """
      SELECT namespace_id || ' ' || COALESCE(kernel_id, '') FROM namespace
      WHERE inode = \(namespace.inode) AND type = 4
        AND (kernel_id = \(namespace.kernelID.map { "\($0)" } ?? "NULL") OR namespace_id IN (
          SELECT namespace_id FROM task JOIN membership USING (task_id) JOIN namespace_set_link USING (set_id)
          WHERE pid = \(pid)))
      """)
  }

  @Test(
    "a namespace of ip netns add is found within seconds, and stays one when a process enters",
    .enabled(if: PinnedNamespaceTests.ip != nil, "needs ip of iproute2"))
  func pinned() throws {
    let ip = try #require(PinnedNamespaceTests.ip)
    let recording = try LiveRecording(interval: "1s", ["--events", "on", "--pins-every", "1h"])
    try eventually("the first scan") {
      try texts(recording, "SELECT scan_id FROM pin_scan").count == 1
    }
    let name = "nshist-late-\(getpid())"
    defer { _ = try? Command.run(ip, ["netns", "delete", name]) }
    #expect(try Command.run(ip, ["netns", "add", name]).status == 0)
    let inode = try #require(KernelNamespace.inode("/run/netns/\(name)"))
    let began = Date()
    try eventually("it is listed") {
      try recording.ask("namespaces", "--type", "net").contains {
        $0.number("inode") == Int(inode)
          && $0.rows("pins").contains { $0["path"] == "/run/netns/\(name)" }
      }
    }
    // A scan on request comes at least three seconds after the one before; the limit allows for a loaded machine.
    #expect(Date().timeIntervalSince(began) < 30)
    let sleep = try Command(ip, ["netns", "exec", name, "sleep", "0.3"])
    #expect(try sleep.wait().status == 0)
    try recording.settle()
    if Self.hasIDs {
      let rows = try rows(recording, "/run/netns/\(name)", of: sleep.pid)
      #expect(rows.count == 1, "\(rows)")
    }
    let inside = try processes(recording, "sleep")
    // Other tests may run sleep in namespaces of their own at the same time.
    let changes = try recording.ask(
      "changes", "--type", "net", "--namespace", "net:\(inode)"
    ).filter { inside.contains($0.process) }
    #expect(!changes.contains { $0.texts("marks").contains("created") })
    _ = try recording.end()
  }

  /// Returns the processes that executed a program at some time.
  private func processes(_ recording: LiveRecording, _ name: String) throws -> Set<String> {
    Set(try recording.ask("history", "comm:\(name)").map(\.process))
  }

  @Test(
    "a namespace of ip netns add that is entered at once is one namespace, made by ip",
    .enabled(if: PinnedNamespaceTests.ip != nil, "needs ip of iproute2"))
  func enteredAtOnce() throws {
    let ip = try #require(PinnedNamespaceTests.ip)
    let recording = try LiveRecording(interval: "1s", ["--events", "on", "--pins-every", "1h"])
    try eventually("the first scan") {
      try texts(recording, "SELECT scan_id FROM pin_scan").count == 1
    }
    let name = "nshist-once-\(getpid())"
    defer { _ = try? Command.run(ip, ["netns", "delete", name]) }
    #expect(try Command.run(ip, ["netns", "add", name]).status == 0)
    let inode = try #require(KernelNamespace.inode("/run/netns/\(name)"))
    // File times have the resolution of the kernel's tick.
    usleep(20_000)
    let sleep = try Command(ip, ["netns", "exec", name, "sleep", "1.5"])
    #expect(try sleep.wait().status == 0)
    try recording.settle()
    let rows = try rows(recording, "/run/netns/\(name)", of: sleep.pid)
    #expect(rows.count == 1, "\(rows)")
    let changes = try recording.ask("changes", "--type", "net", "--namespace", "net:\(inode)")
    let inside = try processes(recording, "sleep")
    let moves = changes.filter { $0["change"] == "moved" && inside.contains($0.process) }
    #expect(moves.map { $0.texts("marks") } == [["joined"]])
    #expect(moves.flatMap { $0.rows("parts") }.map { $0["how"] } == ["joined"], "\(moves)")
    _ = try recording.end()
  }

  @Test(
    "a namespace of ip netns add that is entered without a pause is joined, or joined-or-new",
    .enabled(if: PinnedNamespaceTests.ip != nil, "needs ip of iproute2"))
  func enteredWithoutPause() throws {
    let ip = try #require(PinnedNamespaceTests.ip)
    let recording = try LiveRecording(interval: "1s", ["--events", "on"])
    try eventually("the first scan") {
      try texts(recording, "SELECT scan_id FROM pin_scan").count == 1
    }
    let rounds = 12
    let folder = try TemporaryFolder()
    let program = folder.file("inside")
    try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
    for round in 1...rounds {
      let name = "nshist-\(round)-\(getpid())"
      defer { _ = try? Command.run(ip, ["netns", "delete", name]) }
      let outcome = try Command.run(
        "/bin/sh", ["-c", "\(ip) netns add \(name); exec \(ip) netns exec \(name) \(program) 0.1"])
      #expect(outcome.status == 0)
    }
    try recording.settle()
    let changes = try recording.ask("changes", "--type", "net")
    let inside = try processes(recording, "inside")
    let moves = changes.filter { $0["change"] == "moved" && inside.contains($0.process) }
    let how = moves.flatMap { $0.rows("parts") }.map { $0["how"] }
    #expect(how.count == rounds, "\(changes)")
    #expect(how.allSatisfy { $0 == "joined" || $0 == "joined-or-new" }, "\(how)")
    // If the recorder runs in time, it reads the mount, which proves the join.
    #expect(how.contains("joined"), "\(how)")
    _ = try recording.end()
  }

  @Test("a process that is recorded from two time namespaces is one process")
  func twoTimeNamespaces() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("history.db")
    let process = try TestProcess()
    let record = [
      Command.nshist, "record", "--samples", "2", "--interval", "100ms", "--db", database,
    ]
    let shifted = try Command.run(
      "/usr/bin/unshare", ["--time", "--boottime", "100000", "--fork"] + record)
    guard shifted.status == 0 else {
      // The kernel has no time namespaces.
      #expect(shifted.messages.contains("unshare"))
      return
    }
    #expect(try Command.run(record[0], Array(record.dropFirst())).status == 0)
    #expect(
      try Recording.texts("SELECT task_id FROM task WHERE pid = \(process.pid)", in: database).count
        == 1)
    #expect(try Recording.texts("SELECT space_id FROM pid_space", in: database).count == 1)
    try process.exit()
  }
}
