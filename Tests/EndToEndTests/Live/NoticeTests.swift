// What a recorder cannot see in its environment, it logs once and stores in the file.

import Foundation
import TestSupport
import Testing

@Suite(
  .serialized, .enabled(if: geteuid() == 0, "needs root: unshare and mount"))
struct NoticeTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // Another user has to be able to make files in it.
    try chmod(folder.path, to: 0o777)
  }

  private var path: String { folder.file("history.db") }
  private var proc: String { folder.file("proc") }

  /// Records two samples in new namespaces, after shell commands that set them up.
  private func record(
    _ unshare: [String], _ setUp: String, _ arguments: String...
  ) throws -> Command.Outcome {
    try FileManager.default.createDirectory(atPath: proc, withIntermediateDirectories: true)
    let command = (["record", "--interval", "20ms", "--samples", "2", "--db", path] + arguments)
      .joined(separator: " ")
    let outcome = try Command.run(
      "/usr/bin/unshare", unshare + ["/bin/sh", "-c", "\(setUp) '\(Command.nshist)' \(command)"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    return outcome
  }

  private func timesPrinted(_ words: String, _ outcome: Command.Outcome) -> Int {
    outcome.messages.split(separator: "\n").count { $0.contains(words) }
  }

  @Test func inAPIDNamespaceOfItsOwn() throws {
    let outcome = try record(["--pid", "--fork", "--mount-proc"], "")
    #expect(timesPrinted("not in the initial pid namespace: /proc shows", outcome) == 1)
    #expect(try Recording.texts("SELECT pid FROM task ORDER BY pid", in: path).first == "1")
  }

  @Test func whereTheHostsProcessesAreShownAllTheSame() throws {
    let outcome = try record(["--pid", "--fork"], "")
    #expect(timesPrinted("not in the initial pid namespace: /proc shows", outcome) == 0)
    // Events have the PIDs of the recorder's own pid namespace.
    #expect(timesPrinted("not listening to the kernel's events: /proc shows", outcome) == 1)
    #expect(try Recording.texts("SELECT comm FROM task WHERE pid = 2", in: path) == ["kthreadd"])
  }

  @Test(
    .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"),
    arguments: [(1, "without their names"), (2, "may be there and not be seen")])
  func withHidePID(level: Int, words: String) throws {
    let other = "mount -t proc -o hidepid=\(level) proc '\(proc)' && exec \(OtherUser.command)"
    let outcome = try record(["--mount"], other, "--proc-root", proc)
    #expect(timesPrinted("hidepid=\(level)", outcome) == 1)
    #expect(timesPrinted(words, outcome) == 1, "\(outcome.messages)")
    #expect(try Recording.texts("SELECT hidepid FROM session", in: path) == ["\(level)"])
    // This test's own process belongs to another user, and is shown by number or not at all.
    let answer = try Command.nshist(
      "query", "same", "\(getpid())", "2", "--type", "net", "--format", "csv", "--db", path)
    #expect(answer.status == 2)
    let record = try StrictCSV.parse(answer.output)[1]
    #expect(record[1] == "unknown" && record[3] == (level == 1 ? "denied" : "not-recorded"))
  }

  @Test(.enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func withoutThePrivilege() throws {
    let outcome = try record([], "exec \(OtherUser.command)")
    #expect(timesPrinted("CAP_SYS_PTRACE", outcome) == 1, "\(outcome.messages)")
    #expect(outcome.messages.contains(" denied, in "))
    let answer = try Command.nshist(
      "query", "same", "\(getpid())", "2", "--type", "net", "--format", "csv", "--db", path)
    #expect(answer.status == 2)
    #expect(
      try StrictCSV.parse(answer.output)[1].prefix(4) == ["net", "unknown", "sampled", "denied"])
    // The identity of the process can still be read.
    let pid = "SELECT count(*) FROM task WHERE pid = \(getpid()) AND start_ticks > 0 AND uid = 0"
    #expect(try Recording.texts(pid, in: path) == ["1"])
  }
}
