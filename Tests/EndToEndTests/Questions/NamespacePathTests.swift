// A namespace by a path that leads to it now, wherever its inode number is accepted.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled("needs root, to make namespaces", { geteuid() == 0 }))
struct NamespacePathTests {
  @Test("a path selects what the inode number selects")
  func isLookedUp() throws {
    let recording = try LiveRecording(interval: "200ms")
    let (one, two) = (try TestProcess(), try TestProcess())
    try one.unshare(CloneFlag.net)
    try two.enter(one.pid, CloneFlag.net)
    try recording.waitForSamples(3)
    try recording.settle()
    let path = "/proc/\(one.pid)/ns/net"
    let inode = try #require(KernelNamespace.inode(path))
    func ask(_ words: String...) throws -> Command.Outcome {
      try Command.run(Command.nshist, ["query"] + words + ["--db", recording.database, "--utc"])
    }
    let members = try ask("members", path, "--format", "csv", "--columns", "namespace,pid")
    #expect(members.status == 0, "\(members.messages)")
    for pid in [one.pid, two.pid] {
      #expect(members.output.contains("net:[\(inode)]") && members.output.contains(",\(pid)\r\n"))
    }
    let changes = try ask("changes", "--namespace", path, "--format", "csv", "--columns", "pid")
    #expect(changes.status == 0 && changes.output.contains("\(one.pid)"), "\(changes)")
    let processes = try ask("processes", "--namespace", path, "--format", "csv", "--columns", "pid")
    #expect(
      Set(processes.output.split(separator: "\r\n").dropFirst())
        == Set(["\(one.pid)", "\(two.pid)"]), "\(processes)")
    let shared = try ask("shared", path, "\(two.pid)")
    #expect(shared.status == 0, "\(shared.output) \(shared.messages)")
    try one.exit()
    try two.exit()
    let gone = try ask("members", path)
    #expect(gone.status == 64, "\(gone)")
    #expect(gone.messages.contains("'\(path)' does not exist now; a path is looked up when"))
  }

  @Test(
    "what is no namespace is said to be none", arguments: ["/dev/null", "/", "/proc/self/status"])
  func isNone(path: String) throws {
    let outcome = try Command.nshist("query", "members", path)
    #expect(outcome.status == 64, "\(outcome)")
    #expect(outcome.messages.contains("'\(path)' is no namespace, or no longer"), "\(outcome)")
  }
}
