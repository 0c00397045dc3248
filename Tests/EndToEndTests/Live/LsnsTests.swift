// Compares `query namespaces --at now` with lsns(8) on the live system.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses) struct LsnsTests {
  /// The values of a namespace that both programs print.
  private struct Row: Hashable {
    var inode: UInt64
    var type: String
    var processes: Int
    var pid: Int
    var uid: Int
    var parent: UInt64
    var owner: UInt64
  }

  static let lsns = ["/usr/bin/lsns", "/bin/lsns"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(
    "lsns and the last sample show the same namespaces",
    .enabled("needs lsns of util-linux", { lsns != nil }),
    .enabled("needs root, to make namespaces", { geteuid() == 0 }))
  func agrees() throws {
    let processes = try [CloneFlag.net, CloneFlag.uts | CloneFlag.ipc, CloneFlag.mnt].map { flags in
      let process = try TestProcess()
      try process.unshare(flags)
      return process
    }
    let nested = try Command(
      "/usr/bin/unshare", ["--user", "--map-root-user", "--pid", "--fork", "sleep", "60"])
    let recording = try LiveRecording()
    var wrong = ["nothing was compared"]
    // Other programs start and exit meanwhile, with their namespaces. A real difference shows in every round.
    for _ in 0..<20 where !wrong.isEmpty {
      try recording.waitForSamples(2)
      let before = try Self.ours(recording.database)
      let theirs = try Self.theirs()
      try recording.waitForSamples(2)
      let after = try Self.ours(recording.database)
      // Older versions of lsns do not show namespaces that only a mount keeps.
      let steady = before.intersection(after).filter { $0.processes > 0 }
      wrong = Self.disagreements(steady, theirs)
      let lasting = Self.names(theirs.intersection(try Self.theirs()))
      wrong += lasting.subtracting(Self.names(after)).map { "\($0) is not shown" }
      let made = theirs.filter { row in processes.contains { Int($0.pid) == row.pid } }
      if made.count != 4 || !made.isSubset(of: steady) { wrong.append("made: \(made)") }
      // The namespaces of `nested` are the only ones here with a parent that is not initial.
      if !steady.contains(where: { $0.parent != 0 && $0.type == "pid" }) {
        wrong.append("no child")
      }
    }
    #expect(wrong == [])
    nested.signal(SIGTERM)
    for process in processes { try process.exit() }
  }

  /// Returns the rows that were equal before and after the other listing, and are not in it.
  private static func disagreements(_ steady: Set<Row>, _ theirs: Set<Row>) -> [String] {
    let isHost = { (row: Row) in row.inode < 0xF000_0000 }
    // The programs of the tests start and exit in the initial namespaces, so these are compared by name only.
    return steady.filter { !isHost($0) }.subtracting(theirs).map { "\($0)" }
      + names(steady.filter(isHost)).subtracting(names(theirs.filter(isHost)))
  }

  private static func names(_ rows: Set<Row>) -> Set<String> {
    Set(rows.map { "\($0.type):[\($0.inode)]" })
  }

  private static func ours(_ database: String) throws -> Set<Row> {
    let outcome = try Command.nshist(
      "query", "namespaces", "--at", "now", "--format", "json", "--db", database)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let rows = (answer as? [String: Any])?["namespaces"] as? [[String: Any]] ?? []
    return Set(
      rows.compactMap { row in
        guard let inode = row["inode"] as? UInt64, let type = row["type"] as? String,
          let processes = row["nprocs"] as? Int
        else { return nil }
        return Row(
          inode: inode, type: type, processes: processes, pid: row["pid"] as? Int ?? 0,
          uid: row["uid"] as? Int ?? 0, parent: Self.inode(row["parent"]),
          owner: Self.inode(row["owner"]))
      })
  }

  /// Returns the inode number in a name such as `user:[4026531837]#4099`.
  private static func inode(_ name: Any?) -> UInt64 {
    (name as? String)?.firstMatch(of: /\[(\d+)\]/).flatMap { UInt64($0.1) } ?? 0
  }

  private static func theirs() throws -> Set<Row> {
    let outcome = try Command.run(
      lsns ?? "", ["--json", "--output", "NS,TYPE,NPROCS,PID,UID,PNS,ONS"])
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return Set(Self.rows((answer as? [String: Any])?["namespaces"]))
  }

  /// Returns the rows of lsns, which nests some namespaces in others.
  private static func rows(_ list: Any?) -> [Row] {
    (list as? [[String: Any]] ?? []).flatMap { row in
      let own = Row(
        inode: row["ns"] as? UInt64 ?? 0, type: row["type"] as? String ?? "",
        processes: row["nprocs"] as? Int ?? 0, pid: row["pid"] as? Int ?? 0,
        uid: row["uid"] as? Int ?? 0, parent: row["pns"] as? UInt64 ?? 0,
        owner: row["ons"] as? UInt64 ?? 0)
      return [own] + rows(row["children"])
    }
  }
}
