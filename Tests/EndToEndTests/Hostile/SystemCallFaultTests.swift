// System calls that strace(1) makes fail. A failed read or write costs one sample, is logged with its path and
// becomes a gap; nothing that was committed is lost.

import Foundation
import Migrations
import TestSupport
import Testing

@Suite(
  .serialized,
  .enabled(if: Strace.isThere, "\(Strace.need)"))
struct SystemCallFaultTests {
  private let recording: Recording
  /// The number of the fdatasync(2) call of a middle sample. Creating the file takes eight of them (`auto_vacuum`,
  /// WAL), and each migration one.
  private static let middle = 16 + Migration.all.count

  init() throws { recording = try Recording() }

  /// Records six samples while calls fail as given, such as `name:error=EIO:when=70..71`.
  private func record(_ faults: String...) throws -> Command.Outcome {
    let outcome = try Command.run(
      Strace.path,
      Strace.injecting(faults) + [Command.nshist]
        + recording.arguments(interval: "20ms", samples: 6)
        + ["--pins-every", "off"])
    try recording.expectWhole()
    return outcome
  }

  /// Returns the number of samples, and of those with this gap before them.
  private func samples(_ gap: String) throws -> (all: Int, gaps: Int) {
    let found = try recording.texts("SELECT COALESCE(gap_before, 'none') FROM samples")
    return (found.count, found.count { $0 == gap })
  }

  @Test(
    "a failed read costs one sample",
    arguments: [
      // The first failure is retried at once; the second one costs the sample.
      ("readlinkat:error=EIO:when=70..71", "/ns/", "Input/output error"),
      ("getdents64:error=ENOMEM:when=4", "cannot list", "Cannot allocate memory"),
    ])
  func read(fault: String, location: String, reason: String) throws {
    let outcome = try record(fault)
    #expect(outcome.status == 0)
    let printed = outcome.messages.split(separator: "\n").filter { $0.contains(reason) }
    #expect(printed.count == 1, "\(outcome.messages)")
    #expect(printed.first?.contains(recording.proc.path) == true)
    #expect(printed.first?.contains(location) == true)
    #expect(outcome.messages.contains("5 samples, 1 failed"), "\(outcome.messages)")
    let found = try samples("read-failed")
    #expect(found.all == 5 && found.gaps == 1)
    try recording.expectClosed()
  }

  @Test("a process whose directory cannot be opened for a moment stays one process")
  func notHeldOpen() throws {
    for pid in 30...60 { try recording.proc.add(pid) }
    // With so few files, directories are opened again in each sample. In the first two samples the directory of a
    // process is opened for its links and for its name, in the third for its links.
    let arguments =
      (recording.arguments(interval: "20ms", samples: 6)
      + ["--pins-every", "off"]).joined(separator: " ")
    let outcome = try Command.run(
      "/bin/sh",
      [
        "-c",
        """
        ulimit -n 70 && exec strace -f -qq -o /dev/null -P 40/ns -e trace=openat \
          -e inject=openat:error=ENOMEM:when=5 '\(Command.nshist)' \(arguments)
        """,
      ])
    #expect(outcome.status == 0)
    #expect(outcome.messages.contains("the limit of open files is reached"), "\(outcome.messages)")
    #expect(outcome.messages.contains("Cannot allocate memory"), "\(outcome.messages)")
    #expect(try recording.texts("SELECT pid FROM task GROUP BY pid HAVING count(*) > 1") == [])
    #expect(try samples("read-failed").gaps == 1)
    try recording.expectWhole()
  }

  @Test("a failed write costs one sample, and the next one holds its changes")
  func write() throws {
    let sample = try record("fdatasync:error=EIO:when=\(Self.middle)")
    #expect(sample.status == 0)
    #expect(sample.messages.contains("cannot record into \(recording.path)"), "\(sample.messages)")
    #expect(sample.messages.contains("check the device"))
    #expect(sample.messages.contains("recording again after a gap"))
    let found = try samples("write-failed")
    #expect(found.all == 5 && found.gaps == 1)
    try recording.expectClosed()
  }

  @Test("when all writes fail, the recorder ends with what was committed, and says so")
  func writesAllFail() throws {
    let outcome = try record("fdatasync:error=EIO:when=\(Self.middle)+")
    #expect(outcome.status == 74)
    #expect(outcome.messages.contains("the last of it could not be written"))
    let count = try #require(recording.number("SELECT count(*) FROM sample"))
    #expect(count > 0 && count < 6)
    #expect(outcome.messages.contains("ended: \(count) sample"), "\(outcome.messages)")
    // The end of the session may be in the file or not; the next recorder corrects it.
    #expect(try recording.record(samples: 1).status == 0)
    try recording.expectClosed()
  }

  @Test("the recorder works on a kernel without one of the two calls for IDs, and without both")
  func identities() throws {
    func record(_ faults: [String]) throws -> String {
      let path = recording.folder.file("live-\(faults.joined().hashValue).db")
      let command = [Command.nshist, "record", "--samples", "1", "--db", path]
      return try Command.run(Strace.path, faults + command).messages
    }
    let ioctl = try record(Strace.injecting(["name_to_handle_at:error=EOPNOTSUPP"]))
    #expect(ioctl.contains("told apart by NS_GET_ID"), "\(ioctl)")
    let neither = try record(Strace.withoutNamespaceIDs)
    #expect(neither.contains("told apart by continuity"), "\(neither)")
    #expect(neither.contains("inode-may-be-reused"))
  }
}
