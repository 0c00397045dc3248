// A lock of another program on the file costs only the samples of that time.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct BusyFileTests {
  @Test func aLockOfAnotherProgramIsOutlasted() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 3)
    let other = try Connection(path: recording.path, access: .readWrite)
    other.setBusyTimeout(milliseconds: 10_000)
    try other.execute("BEGIN IMMEDIATE")
    let before = try #require(recording.number("SELECT MAX(seq) FROM sample"))
    try eventually("a failure to write") {
      try recorder.messagesSoFar().contains("cannot record into")
    }
    #expect(recording.number("SELECT MAX(seq) FROM sample") == before)
    try other.execute("ROLLBACK")
    try recording.waitFor(samples: before + 3)
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()

    #expect(outcome.status == 0)
    let lines = outcome.messages.split(separator: "\n")
    #expect(lines.count { $0.contains("cannot record into") } == 1, "\(outcome.messages)")
    #expect(lines.contains { $0.contains("another program holds it locked") })
    #expect(lines.contains { $0.hasPrefix("nshist: recording again after a gap of ") })
    // The sample that waited for the lock is written. The samples that could not be taken meanwhile are a gap too.
    let gaps = try recording.texts("SELECT seq FROM sample WHERE gap = 3")
    #expect(gaps.first == String(before + 1))
    #expect(gaps.dropFirst().allSatisfy { $0 == String(before + 2) })
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func aReaderWhoStaysDoesNotHinderTheRecorder() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 2)
    let other = try Connection(path: recording.path, access: .readOnly)
    try other.execute("BEGIN; SELECT COUNT(*) FROM sample")
    let before = try #require(recording.number("SELECT MAX(seq) FROM sample"))
    try recording.waitFor(samples: before + 5)
    try other.execute("ROLLBACK")
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0)
    #expect(!outcome.messages.contains("cannot"), "\(outcome.messages)")
    try recording.expectWhole()
    try recording.expectClosed()
  }
}
