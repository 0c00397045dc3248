// Time namespaces into which the children of a running process go (time_for_children).

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct LiveChildrenLinkTests {
  @Test func heldByTheLinkAlone() throws {
    let process = try TestProcess()
    try process.unshare(CloneFlag.time)
    let link = try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/\(process.pid)/ns/time_for_children")
    let inode = try #require(UInt64(link.dropFirst("time:[".count).dropLast()))
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let recorded = try Command.nshist(
      "record", "--interval", "50ms", "--samples", "3", "--db", path)
    #expect(recorded.status == 0, "\(recorded.messages)")

    let listing = try Command.nshist("query", "namespaces", "--type", "time", "--db", path)
    let line = listing.output.split(separator: "\n").first { $0.contains("\(inode)") }
    #expect(line?.contains("children of \(process.pid)") == true, "\(listing.output)")
    let members = try Command.nshist(
      "query", "members", link, "--format", "csv", "--db", path)
    let records = try StrictCSV.parse(members.output)
    let index = try #require(records.first?.firstIndex(of: "link"))
    #expect(records.dropFirst().map { $0[index] } == ["time_for_children"])
    let limits = try Command.nshist("limits", "--db", path)
    let time = limits.output.split(separator: "\n").first { $0.hasPrefix("time") }
    let numbers = time?.split(separator: " ").dropFirst(2).prefix(2).compactMap { Int($0) }
    #expect(numbers?.count == 2 && numbers?.allSatisfy { $0 > 0 } == true, "\(limits.output)")
  }

  @Test(
    "after unshare(CLONE_NEWTIME), an exec moves into the process's own new namespace, which is no join"
  )
  func followedByExec() throws {
    let recording = try LiveRecording(interval: "50ms")
    try recording.waitForSamples(2)
    let shell = try Command(
      "/usr/bin/unshare", ["--time", "sleep", "300"])
    let own = KernelNamespace.inode("/proc/self/ns/time")
    try eventually("its own time namespace") {
      KernelNamespace.inode("/proc/\(shell.pid)/ns/time") != own
    }
    try recording.waitForSamples(3)
    let rows = try recording.ask("changes", "--pid", "\(shell.pid)")
    let history = try recording.ask("history", "\(shell.pid)")
    let changed = history.flatMap { $0.rows("changed") }.filter { $0["link"] == "time" }
    #expect(!changed.contains { $0["how"] == "joined" }, "\(history)")
    shell.signal(SIGKILL)
    _ = try shell.wait()
    #expect(
      rows.contains { row in row.rows("parts").contains { $0["link"]?.hasPrefix("time") == true } })
    for row in rows { #expect(!row.texts("marks").contains("joined"), "\(row)") }
  }

  @Test(
    "entering another process's time namespace is marked joined; a child born in one has not moved"
  )
  func enteredByNsenter() throws {
    let recording = try LiveRecording(interval: "500ms")
    let outer = try Command(
      "/usr/bin/unshare", ["--time", "--fork", "--kill-child", "sleep", "300"])
    var inner: Int32?
    try eventually("a child in the time namespace") {
      let text = try? String(
        contentsOfFile: "/proc/\(outer.pid)/task/\(outer.pid)/children", encoding: .utf8)
      inner = text?.split(separator: " ").first.flatMap { Int32($0) }
      return inner != nil
    }
    let child = try #require(inner)
    try recording.waitForSamples(2)
    var visitors: [Command] = []
    for _ in 0..<6 {
      visitors.append(try Command("/usr/bin/nsenter", ["-t", "\(child)", "-T", "sleep", "300"]))
      usleep(120_000)
    }
    try recording.waitForSamples(3)
    for visitor in visitors {
      let rows = try recording.ask("changes", "--pid", "\(visitor.pid)", "--type", "time")
      for row in rows where row["change"] == "moved" {
        #expect(row.texts("marks") == ["joined"], "\(row)")
      }
    }
    let births = try recording.ask("changes", "--pid", "\(child)", "--type", "time")
    #expect(!births.contains { $0["change"] == "moved" }, "\(births)")
    for one in visitors + [outer] {
      one.signal(SIGKILL)
      _ = try one.wait()
    }
  }
}
