// A user without permission to read or write gets a refusal, and the file stays as it is.

import Foundation
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
struct PermissionTests {
  let recording: Recording
  let before: [String: Data]

  init() throws {
    recording = try Recording()
    try recording.record()
    before = try contents(of: recording.folder.path)
  }

  private var query: [String] { ["query", "same", "10", "20", "--db", recording.path] }

  @Test func aFileOfAnotherUserIsNotRead() throws {
    // The recorder has made the file with mode 0600.
    expectRefusal(try OtherUser.nshist(query), 77, saying: recording.path)
    expectRefusal(try OtherUser.nshist(["export", "--db", recording.path]), 77)
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test func aFolderOfAnotherUserIsNotEntered() throws {
    try chmod(recording.path, to: 0o644)
    try chmod(recording.folder.path, to: 0o700)
    expectRefusal(try OtherUser.nshist(query), 77, saying: recording.path)
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test func aFileThatMayOnlyBeReadIsNotRecordedInto() throws {
    try chmod(recording.path, to: 0o644)
    let outcome = try OtherUser.nshist(recording.arguments(interval: "20ms", samples: 1))
    expectRefusal(outcome, 77, saying: recording.path)
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test func aFolderThatMayOnlyBeReadIsNotRecordedInto() throws {
    let path = recording.folder.file("new.db")
    let outcome = try OtherUser.nshist([
      "record", "--samples", "1", "--proc-root", recording.proc.path, "--db", path,
    ])
    expectRefusal(outcome, 77, saying: path)
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test func aReaderNeedsNothingButToRead() throws {
    try chmod(recording.path, to: 0o644)
    let outcome = try OtherUser.nshist(query)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    #expect(try contents(of: recording.folder.path) == before)
  }

  @Test func anExportIntoAFolderOfAnotherUserIsRefused() throws {
    try chmod(recording.path, to: 0o644)
    let target = recording.folder.file("out.csv")
    let outcome = try OtherUser.nshist(["export", "--db", recording.path, "--output", target])
    expectRefusal(outcome, 77, saying: target)
    #expect(try contents(of: recording.folder.path) == before)
  }
}
