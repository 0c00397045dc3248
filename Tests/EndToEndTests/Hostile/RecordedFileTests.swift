// The file of a recording: it may be moved or removed while the recorder runs, and special files are refused.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct RecordedFileTests {
  private let recording: Recording

  init() throws { recording = try Recording() }

  private func move(_ from: String, to target: String) throws {
    try FileManager.default.moveItem(atPath: from, toPath: target)
  }

  @Test("moving the file away ends the recording, which the moved file holds completely")
  func moved() throws {
    let recorder = try recording.startAndAwait(samples: 3)
    let moved = recording.folder.file("moved.db")
    try move(recording.path, to: moved)
    let outcome = try recorder.wait()
    #expect(outcome.status == 74)
    let last = try #require(outcome.messages.split(separator: "\n").last)
    #expect(last.contains("cannot record into \(recording.path): it, or its -wal file, was moved"))
    let samples = try Recording.texts("SELECT COUNT(*) FROM sample", in: moved)
    #expect(outcome.messages.contains("ended: \(samples[0]) samples"), "\(outcome.messages)")
    #expect(try Recording.texts("PRAGMA integrity_check", in: moved) == ["ok"])
    #expect(try Recording.texts("SELECT end_reason FROM session", in: moved) == ["failed"])
  }

  @Test("removing the file ends the recording with a message")
  func removed() throws {
    let recorder = try recording.startAndAwait(samples: 1)
    try FileManager.default.removeItem(atPath: recording.path)
    let outcome = try recorder.wait()
    #expect(outcome.status == 74)
    #expect(outcome.messages.contains("was moved away or removed"))
  }

  @Test("removing the -wal file ends the recording without a loss")
  func logRemoved() throws {
    let recorder = try recording.startAndAwait(samples: 3)
    try FileManager.default.removeItem(atPath: recording.path + "-wal")
    let outcome = try recorder.wait()
    #expect(outcome.status == 74)
    #expect(outcome.messages.contains("its -wal file, was moved away or removed"))
    try recording.expectWhole()
    try recording.expectClosed()
    let samples = try #require(recording.number("SELECT COUNT(*) FROM sample"))
    #expect(samples >= 3 && outcome.messages.contains("ended: \(samples) samples"))
  }

  @Test("a -wal file whose history was moved away is not overwritten")
  func logLeftBehind() throws {
    let recorder = try recording.startAndAwait(samples: 3, interval: "1s")
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    let moved = recording.folder.file("moved.db")
    try move(recording.path, to: moved)
    let before = try contents(of: recording.folder.path)
    let outcome = try recording.record(samples: 1)
    expectRefusal(outcome, 73, saying: "\(recording.path)-wal is there")
    #expect(try contents(of: recording.folder.path) == before)
    try move(moved, to: recording.path)
    #expect(try recording.record(samples: 1).status == 0)
    try recording.expectWhole()
    #expect((recording.number("SELECT COUNT(*) FROM sample") ?? 0) >= 4)
  }

  @Test("recording into a device or a FIFO is refused and leaves no file")
  func special() throws {
    let fifo = recording.folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    for path in ["/dev/null", fifo] {
      let record = try Command.nshist("record", "--samples", "1", "--db", path)
      expectRefusal(record, 73, saying: "it is a device, a FIFO or a socket")
      let query = try Command.nshist("query", "same", "1", "2", "--db", path)
      expectRefusal(query, 65, saying: "it is a device, a FIFO or a socket")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: recording.folder.path) == ["fifo"])
    #expect(!FileManager.default.fileExists(atPath: "/dev/null-journal"))
  }

  @Test("recording into an empty file makes it readable by its owner only")
  func mode() throws {
    try Data().write(to: URL(fileURLWithPath: recording.path))
    try chmod(recording.path, to: 0o644)
    try recording.record(samples: 1)
    #expect(try permissions(of: recording.path) == 0o600)
  }

  @Test(
    "in a folder with the set-group-ID bit the group may read a new file, if the umask permits",
    arguments: [("022", true, 0o640), ("077", true, 0o600), ("022", false, 0o600)])
  func groupMode(umask: String, hasBit: Bool, mode: Int) throws {
    try chmod(recording.folder.path, to: hasBit ? 0o2750 : 0o750)
    let recorder = try Command(
      "/bin/sh",
      ["-c", "umask \(umask) && exec \"$0\" \"$@\"", Command.nshist]
        + recording.arguments(interval: "20ms"))
    try recording.waitFor(samples: 1)
    for suffix in ["", "-wal", "-shm"] {
      #expect(try permissions(of: recording.path + suffix) == mode, "\(suffix)")
    }
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
  }

  @Test(
    "in such a folder an empty file becomes readable by the folder's group and no other",
    .enabled(if: geteuid() == 0, "only root gives a file to another group"),
    arguments: [(true, 0o640), (false, 0o600)])
  func groupOfFolder(isOfFolder: Bool, mode: Int) throws {
    try chmod(recording.folder.path, to: 0o2750)
    try Data().write(to: URL(fileURLWithPath: recording.path))
    try chmod(recording.path, to: 0o644)
    #expect(chown(recording.path, getuid(), isOfFolder ? getgid() : 12345) == 0)
    try recording.record(samples: 1)
    #expect(try permissions(of: recording.path) == mode)
  }

  private func permissions(of path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test("a query through a symbolic link reads everything committed, also after SIGKILL")
  func link() throws {
    let recorder = try recording.startAndAwait(samples: 3, interval: "50ms")
    let link = recording.folder.file("link.db")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: recording.path)
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    let exports = try [recording.path, link].map {
      try Command.nshist("export", "--type", "net", "--db", $0)
    }
    #expect(exports.map(\.status) == [0, 0] && exports.map(\.messages) == ["", ""])
    #expect(exports[0].output == exports[1].output)
    let last = try #require(recording.texts("SELECT time FROM samples ORDER BY seq").last)
    #expect(exports[1].output.contains(last))
  }

  @Test(
    "a path with a special meaning for SQLite is taken literally",
    arguments: [":memory:", "a?b#c%41.db"])
  func strangeNames(name: String) throws {
    let paths = [recording.folder.file(name), "/" + recording.folder.file("double-\(name)")]
    for path in paths {
      let strange = try Recording(folder: recording.folder, path: path)
      let outcome = try strange.record(samples: 2)
      #expect(outcome.status == 0, "\(outcome.messages)")
      let answer = try Command.nshist("query", "same", "10", "20", "--db", path)
      #expect(answer.status == 0, "\(answer.messages)")
      #expect(FileManager.default.fileExists(atPath: path))
    }
    // The same works with a relative path.
    let relative = try Command.run(
      "/bin/sh",
      [
        "-c",
        "cd '\(recording.folder.path)' && exec '\(Command.nshist)' query same 10 20 --db '\(name)'",
      ])
    #expect(relative.status == 0, "\(relative.messages)")
  }

  @Test("a recorder that could read no sample ends with an error")
  func nothingRead() throws {
    try recording.proc.breakLink(10, "uts")
    let outcome = try recording.record(samples: 2)
    #expect(outcome.status == 74)
    #expect(outcome.messages.contains("ended: 0 samples, 2 failed"), "\(outcome.messages)")
  }

  @Test("a --proc-root that is no proc is refused with a remedy")
  func noProc() throws {
    for root in ["/nonexistent", recording.folder.path] {
      let outcome = try Command.nshist(
        "record", "--proc-root", root, "--samples", "1", "--db", recording.path)
      expectRefusal(outcome, 72, saying: "give the path of a mounted proc")
    }
  }
}
