// Readers get an answer while a recorder runs, and leave no trace where none runs.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct ReaderTests {
  private func query(_ recording: Recording) -> [String] {
    ["query", "same", "10", "20", "--format", "json", "--db", recording.path]
  }

  @Test func manyReadersBesideARecorder() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 1, interval: "5ms")
    for round in 0..<20 {
      let net = round.isMultiple(of: 2) ? 4_026_532_100 : 4_026_531_999
      try recording.proc.setLinks(20, ["net": UInt64(net)])
      let readers = try (0..<6).map { _ in try Command(Command.nshist, query(recording)) }
      for reader in readers {
        let outcome = try reader.wait()
        #expect([0, 1, 2].contains(outcome.status), "\(outcome.messages)")
        #expect(outcome.messages == "")
        #expect(throws: Never.self) {
          try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        }
      }
    }
    recorder.signal(SIGTERM)
    let ended = try recorder.wait()
    #expect(ended.status == 0)
    #expect(!ended.messages.contains("cannot"), "\(ended.messages)")
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func readersWhileRecordersComeAndGo() throws {
    let recording = try Recording()
    try recording.record(samples: 1)
    for _ in 0..<12 {
      let recorder = try recording.start(interval: "5ms", samples: 4)
      for _ in 0..<8 {
        let outcome = try Command.run(Command.nshist, query(recording))
        #expect([0, 2].contains(outcome.status), "\(outcome.messages)")
      }
      #expect(try recorder.wait().status == 0)
    }
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func aReaderAltersNothing() throws {
    let recording = try Recording()
    try recording.record()
    // Files with names similar to SQLite's must not be removed.
    try Data("precious".utf8).write(to: URL(fileURLWithPath: recording.path + "-journal.old"))
    let before = try contents(of: recording.folder.path)
    #expect(before.count == 2)
    let readers = try (0..<8).map { round in
      try Command(
        Command.nshist,
        round.isMultiple(of: 2) ? query(recording) : ["export", "--db", recording.path])
    }
    for reader in readers { #expect(try reader.wait().status == 0) }
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test(.enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func aReaderBesideARecorderNeedsOnlyToRead() throws {
    let recording = try Recording()
    try recording.record(samples: 1)
    try chmod(recording.path, to: 0o644)
    let recorder = try recording.startAndAwait(samples: 2)
    for _ in 0..<5 {
      let outcome = try OtherUser.nshist(query(recording))
      #expect(outcome.status == 2 || outcome.status == 0, "\(outcome.messages)")
    }
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    #expect(try Array(contents(of: recording.folder.path).keys) == ["history.db"])
  }

  @Test(.enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func aReaderThatMayOnlyReadWhileRecordersComeAndGo() throws {
    let recording = try Recording()
    try recording.record(samples: 1)
    try chmod(recording.path, to: 0o644)
    for _ in 0..<12 {
      let recorder = try recording.start(interval: "5ms", samples: 4)
      for _ in 0..<8 {
        let outcome = try OtherUser.nshist(query(recording))
        #expect([0, 2].contains(outcome.status), "\(outcome.messages)")
      }
      #expect(try recorder.wait().status == 0)
    }
    try recording.expectClosed()
  }

  @Test(.enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func aReaderThatMayOnlyReadMeetsARecorderThatEnds() throws {
    let recording = try Recording()
    try recording.record()
    try chmod(recording.path, to: 0o644)
    // Simulates the moment at which a recorder that ends has removed one of its two extra files.
    let log = recording.path + "-wal"
    try Data().write(to: URL(fileURLWithPath: log))
    let reader = try OtherUser.start(query(recording))
    usleep(300_000)
    try FileManager.default.removeItem(atPath: log)
    let outcome = try reader.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    #expect(try Array(contents(of: recording.folder.path).keys) == ["history.db"])

    try Data().write(to: URL(fileURLWithPath: log))
    expectRefusal(try OtherUser.nshist(query(recording)), 77, saying: "-wal")
  }

  @Test(.enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func aReaderThatMayOnlyReadAfterAKill() throws {
    let recording = try Recording()
    try recording.record(samples: 1)
    try chmod(recording.path, to: 0o644)
    let recorder = try recording.startAndAwait(samples: 3)
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    let before = try contents(of: recording.folder.path)
    #expect(before.keys.contains("history.db-wal"))
    let outcome = try OtherUser.nshist(query(recording))
    // Nothing was observed between the two sessions.
    #expect(outcome.status == 2, "\(outcome.messages)")
    #expect(outcome.output.contains("gap"), "\(outcome.output)")
    #expect(try contents(of: recording.folder.path) == before)
  }
}
