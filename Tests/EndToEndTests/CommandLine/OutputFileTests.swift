// Where an export is written if something exists there already. Nothing of value is lost by mistake.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct OutputFileTests {
  private let recording: Recording
  private let whole: String

  init() throws {
    recording = try Recording()
    try recording.record()
    whole = try Command.nshist("export", "--db", recording.path).output
    #expect(whole.hasPrefix("boot,"))
  }

  private func export(to target: String) throws -> Command.Outcome {
    try Command.nshist("export", "--db", recording.path, "--output", target)
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }

  @Test("an export replaces no database, neither the history itself nor another one")
  func databases() throws {
    let other = recording.folder.file("other.db")
    try Connection(path: other, access: .readWrite).execute("CREATE TABLE precious (x)")
    let before = try contents(of: recording.folder.path)
    for path in [recording.path, other] {
      expectRefusal(try export(to: path), 73, saying: "it is a database")
    }
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test("the files beside a history that is being recorded are not replaced")
  func filesBeside() throws {
    let recorder = try recording.startAndAwait(samples: 1)
    for suffix in ["-wal", "-shm", "-journal"] {
      expectRefusal(try export(to: recording.path + suffix), 73, saying: "it is a database")
    }
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    try recording.expectWhole()
  }

  @Test("an export through a symbolic link writes its target and leaves the link")
  func link() throws {
    let (real, link) = (recording.folder.file("real.csv"), recording.folder.file("link.csv"))
    try Data("old".utf8).write(to: URL(fileURLWithPath: real))
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
    #expect(try export(to: link).status == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == real)
    #expect(try text(real) == whole)
  }

  @Test("an export writes to a FIFO or a device without replacing it")
  func special() throws {
    let fifo = recording.folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let reader = try Command("/bin/cat", [fifo])
    #expect(try export(to: fifo).status == 0)
    #expect(try reader.wait().output == whole)
    let names = try FileManager.default.contentsOfDirectory(atPath: recording.folder.path)
    #expect(Set(names) == ["history.db", "fifo"])
    let null = try Command.nshist("export", "--db", recording.path, "--output", "/dev/null")
    #expect(null.status == 0)
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test("--output - writes to standard output")
  func dash() throws {
    let outcome = try export(to: "-")
    #expect(outcome.status == 0 && outcome.output == whole)
  }

  @Test("an export keeps the permissions of the file that it replaces")
  func permissions() throws {
    let target = recording.folder.file("out.csv")
    try Data("old".utf8).write(to: URL(fileURLWithPath: target))
    try chmod(target, to: 0o600)
    #expect(try export(to: target).status == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: target)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try text(target) == whole)
  }

  @Test("--output with an empty path is refused")
  func empty() throws {
    expectRefusal(try export(to: ""), 64, saying: "--output needs a path")
  }
}
