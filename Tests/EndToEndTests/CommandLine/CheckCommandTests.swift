// `nshist check` asks the kernel about running processes.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct CheckCommandTests {
  private let processes: [TestProcess]

  init() throws {
    processes = try (0..<3).map { _ in try TestProcess() }
    try processes[1].unshare(CloneFlag.net | CloneFlag.uts)
    try processes[2].enter(processes[1].pid, CloneFlag.net)
  }

  private func pids(_ indices: Int...) -> [String] { indices.map { String(processes[$0].pid) } }

  private func check(_ arguments: [String]) throws -> Command.Outcome {
    try Command.run(Command.nshist, ["check"] + arguments)
  }

  /// Returns the lines of a JSON answer by type.
  private func types(_ outcome: Command.Outcome) throws -> [String: [String: Any]] {
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let types = try #require((object as? [String: Any])?["types"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: types.map { ($0["type"] as? String ?? "", $0) })
  }

  @Test func theStatusIsTheVerdict() throws {
    #expect(try check(pids(1, 2) + ["--type", "net"]).status == 0)
    #expect(try check(pids(0, 1) + ["--type", "net"]).status == 1)
    #expect(try check(pids(0, 1, 2) + ["--type", "net,ipc"]).status == 1)
    #expect(try check(pids(0, 1, 2) + ["--type", "ipc"]).status == 0)
    #expect(try check(pids(1, 2)).status == 1)
  }

  @Test func whatIsSaidIsWhatTheKernelSays() throws {
    let outcome = try check(pids(0, 1, 2) + ["--format", "json"])
    #expect(outcome.status == 1 && outcome.messages == "")
    let types = try types(outcome)
    #expect(types.count == 8)
    for (name, line) in types {
      #expect(line["verdict"] as? String == (["net", "uts"].contains(name) ? "different" : "same"))
      #expect(line["evidence"] as? String == "exact")
      let seen = try #require(line["namespaces"] as? [[String: Any]])
      for namespace in seen {
        for pid in try #require(namespace["pids"] as? [Int]) {
          let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(pid)/ns/\(name)")
          #expect(link == "\(name):[\(try #require(namespace["inode"] as? UInt64))]")
        }
      }
    }
    let net = try #require(types["net"]?["namespaces"] as? [[String: Any]])
    #expect(net.map { $0["initial"] as? Bool } == [true, false])
  }

  @Test func thePIDThatIsNotThereIsNamed() throws {
    try processes[0].exit()
    let outcome = try check(pids(0, 1) + ["--type", "net", "--format", "json"])
    #expect(outcome.status == 2)
    expectOneLine(outcome.messages, saying: "there is no process \(processes[0].pid) now")
    #expect(try types(outcome)["net"]?["reason"] as? String == "not-running")
    // Two processes in different namespaces prove `different`, although a third one is missing.
    #expect(try check(pids(0, 1) + ["2", "--type", "net"]).status == 1)
  }

  @Test func aThreadIsCalledOne() throws {
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
    let thread = try #require(threads.first { $0 != "\(getpid())" })
    let outcome = try check(pids(0) + [thread, "--type", "net"])
    #expect(outcome.status == 0)
    expectOneLine(outcome.messages, saying: "\(thread) is a thread of process \(getpid())")
  }

  @Test(
    .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"),
    arguments: [(1, "denied"), (2, "not-recorded")])
  func whatIsHiddenIsNotCalledGone(level: Int, reason: String) throws {
    let folder = try TemporaryFolder()
    try chmod(folder.path, to: 0o755)
    let script = """
      mount -t proc -o hidepid=\(level) proc /proc && exec \(OtherUser.command) \
      '\(Command.nshist)' check \(pids(0, 1).joined(separator: " ")) --type net --format csv
      """
    let outcome = try Command.run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script])
    #expect(outcome.status == 2)
    #expect(outcome.messages == "")
    #expect(try StrictCSV.parse(outcome.output)[1][3] == reason, "\(outcome.output)")
  }

  @Test func aZombieIsInTwoNamespacesOnly() throws {
    try processes[0].exit(reap: false)
    let types = try types(check(pids(0, 1) + ["--format", "json"]))
    #expect(types["net"]?["reason"] as? String == "zombie")
    #expect(types["user"]?["verdict"] as? String == "same")
  }

  @Test(.enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func whatMayNotBeReadIsUnknown() throws {
    let outcome = try OtherUser.nshist(["check"] + pids(0, 1) + ["--format", "csv"])
    #expect(outcome.status == 2)
    let rows = try StrictCSV.parse(outcome.output).dropFirst()
    #expect(rows.count == 8)
    #expect(rows.allSatisfy { $0[1] == "unknown" && $0[3] == "denied" })
  }
}
