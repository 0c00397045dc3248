// Only one recorder at a time may have a file. A second one is refused, with the PID of the first.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct SecondRecorderTests {
  @Test func theSecondIsRefusedAndTheFirstGoesOn() throws {
    let recording = try Recording()
    let first = try recording.startAndAwait(samples: 2)
    for _ in 0..<3 {
      expectRefusal(
        try recording.record(samples: 1), 75, saying: "the recorder with PID \(first.pid) has it")
    }
    let so = try #require(recording.number("SELECT COUNT(*) FROM sample"))
    try recording.waitFor(samples: so + 2)
    first.signal(SIGTERM)
    let outcome = try first.wait()
    #expect(outcome.status == 0)
    #expect(recording.number("SELECT COUNT(*) FROM session") == 1)

    let next = try recording.record(samples: 2)
    #expect(next.status == 0)
    #expect(!next.messages.contains("died"))
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func ofManyAtOnceOneRecords() throws {
    let recording = try Recording()
    let all = try (0..<6).map { _ in try recording.start() }
    defer { for recorder in all { recorder.signal(SIGTERM) } }
    try recording.waitFor(samples: 2)
    let holder = try #require(recording.number("SELECT recorder_pid FROM session"))
    for recorder in all where recorder.pid != Int32(holder) {
      expectRefusal(try recorder.wait(), 75, saying: "PID \(holder)")
    }
    let winner = try #require(all.first { $0.pid == Int32(holder) })
    winner.signal(SIGTERM)
    #expect(try winner.wait().status == 0)
    #expect(recording.number("SELECT COUNT(*) FROM session") == 1)
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func aFileUnderAnotherNameIsTheSame() throws {
    let recording = try Recording()
    let first = try recording.startAndAwait(samples: 1)
    let link = recording.folder.file("link.db")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: recording.path)
    let second = try Command.nshist(
      "record", "--samples", "1", "--proc-root", recording.proc.path, "--db", link)
    expectRefusal(second, 75, saying: "PID \(first.pid)")
    first.signal(SIGTERM)
    #expect(try first.wait().status == 0)
  }
}
