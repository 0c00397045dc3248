// User and pid namespaces nested three deep, with and without processes in the ones in between.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root, to make namespaces"))
struct NestedNamespaceTests {
  private func children(_ row: Row) -> [Row] { row.rows("children") }

  /// Returns the path to a namespace in a tree, from the root down.
  private func way(to inode: Int, below rows: [Row]) -> [Row]? {
    for row in rows {
      if row.number("inode") == inode { return [row] }
      if let rest = way(to: inode, below: children(row)) { return [row] + rest }
    }
    return nil
  }

  private func roots(_ recording: LiveRecording, _ type: String) throws -> [Row] {
    let outcome = try Command.nshist(
      "query", "tree", "--type", type, "--format", "json", "--db", recording.database)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let trees = (answer as? [String: Any])?["trees"] as? [[String: Any]] ?? []
    return trees.map(Row.init).first?.rows("roots") ?? []
  }

  @Test("user namespaces without a process are shown between those that have some")
  func users() throws {
    // Runs a program in the innermost of three new namespaces, each made in the one before.
    let words = ["--user", "--map-root-user"]
    let program = try Command(
      "/usr/bin/unshare", words + ["unshare"] + words + ["unshare"] + words + ["sleep", "300"])
    try eventually("the program runs") {
      try String(contentsOfFile: "/proc/\(program.pid)/comm", encoding: .utf8) == "sleep\n"
    }
    let inode = try #require(KernelNamespace.inode("/proc/\(program.pid)/ns/user"))
    let recording = try LiveRecording()
    try recording.waitForSamples(1)
    let roots = try roots(recording, "user")
    let path = try #require(way(to: Int(inode), below: roots))
    #expect(path.count == 4, "\(path)")
    #expect(path.map { $0.flag("initial") } == [true, false, false, false])
    #expect(path.dropFirst().map { $0.number("nprocs") } == [0, 0, 1])
    let all = try recording.ask("namespaces", "--type", "user").compactMap { $0.number("inode") }
    #expect(Set(all).isSuperset(of: path.compactMap { $0.number("inode") }))
    program.signal(SIGKILL)
  }

  @Test("a process in three nested pid namespaces is found by its PID in each of them")
  func pids() throws {
    let words = ["--pid", "--fork", "--kill-child"]
    let outer = try Command(
      "/usr/bin/unshare", words + ["unshare"] + words + ["unshare"] + words + ["sleep", "300"])
    var chain: [Int32] = [outer.pid]
    try eventually("all have started") {
      chain = [outer.pid]
      while chain.count < 4 {
        let last = chain[chain.count - 1]
        let text = try String(
          contentsOfFile: "/proc/\(last)/task/\(last)/children", encoding: .utf8)
        guard let child = text.split(separator: " ").first.flatMap({ Int32($0) }) else {
          return false
        }
        chain.append(child)
      }
      return try String(contentsOfFile: "/proc/\(chain[3])/comm", encoding: .utf8) == "sleep\n"
    }
    let inodes = try chain.map { try #require(KernelNamespace.inode("/proc/\($0)/ns/pid")) }
    let recording = try LiveRecording()
    try recording.waitForSamples(2)
    let roots = try roots(recording, "pid")
    let path = try #require(way(to: Int(inodes[3]), below: roots))
    #expect(path.compactMap { $0.number("inode") } == inodes.map(Int.init))
    // The innermost process has PID 3 in the outermost of the three, 2 in the second, and 1 in its own.
    for (number, inode) in zip([3, 2, 1], inodes.dropFirst()) {
      let rows = try recording.ask("history", "\(number)@pid:[\(inode)]")
      #expect(!rows.isEmpty && rows.allSatisfy { $0.pid == Int(chain[3]) }, "\(number) \(rows)")
    }
    outer.signal(SIGKILL)
    _ = try outer.wait()
  }
}
