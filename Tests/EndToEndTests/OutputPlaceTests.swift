// Where an export goes when something is there already: nothing of value is lost to a slip.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct OutputPlaceTests {
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

  @Test("no database is replaced: neither the history itself nor another")
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

  @Test("a link goes on leading to its file")
  func link() throws {
    let (real, link) = (recording.folder.file("real.csv"), recording.folder.file("link.csv"))
    try Data("old".utf8).write(to: URL(fileURLWithPath: real))
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
    #expect(try export(to: link).status == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == real)
    #expect(try text(real) == whole)
  }

  @Test("a FIFO and a device are written to, and are what they were")
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

  @Test("a dash is standard output")
  func dash() throws {
    let outcome = try export(to: "-")
    #expect(outcome.status == 0 && outcome.output == whole)
  }

  @Test("a file keeps its permissions")
  func permissions() throws {
    let target = recording.folder.file("out.csv")
    try Data("old".utf8).write(to: URL(fileURLWithPath: target))
    try chmod(target, to: 0o600)
    #expect(try export(to: target).status == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: target)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try text(target) == whole)
  }

  @Test("an empty path is a mistake")
  func empty() throws {
    expectRefusal(try export(to: ""), 64, saying: "--output needs a path")
  }
}
