// Without a usable /proc, questions to a file work, and commands that ask the running kernel fail with one line and a
// status of their own. None of them ends with 0, which would mean "same".

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root: unshare and mount"))
struct WithoutProcTests {
  private static let setUps = ["umount -l /proc", "mount -t tmpfs none /proc"]
  private let recording: Recording

  init() throws {
    recording = try Recording()
    try recording.record(samples: 2)
  }

  private func run(_ setUp: String, _ arguments: [String]) throws -> Command.Outcome {
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    return try Command.run(
      "/usr/bin/unshare",
      ["--mount", "/bin/sh", "-c", "\(setUp) && exec '\(Command.nshist)' \(words)"])
  }

  @Test(arguments: setUps)
  func questionsToAFile(setUp: String) throws {
    for question in [
      ["query", "same", "10", "20"], ["query", "same", "10", "30"], ["query", "processes"],
      ["query", "history", "10"], ["timeline", "10"], ["export"],
    ] {
      let arguments = question + ["--db", recording.path]
      let here = try Command.run(Command.nshist, arguments)
      let there = try run(setUp, arguments)
      #expect(there.status == here.status && there.messages == here.messages, "\(question)")
      // Lists for the present say how old the last sample is, which differs.
      if !question.contains("processes") { #expect(there.output == here.output, "\(question)") }
    }
    #expect(try run(setUp, ["query", "same", "10", "30", "--db", recording.path]).status == 2)
  }

  @Test(arguments: setUps)
  func exportOfAFile(setUp: String) throws {
    let path = recording.folder.file("out.csv")
    let outcome = try run(setUp, ["export", "--output", path, "--db", recording.path])
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(FileManager.default.contents(atPath: path)?.isEmpty == false)
    let left = try FileManager.default.contentsOfDirectory(atPath: recording.folder.path)
    #expect(!left.contains { $0.hasSuffix(".part") }, "\(left)")
  }

  @Test(arguments: setUps)
  func questionsToTheKernel(setUp: String) throws {
    for arguments in [
      ["check", "1", "2"], ["limits", "--db", recording.path], ["doctor", "--db", recording.path],
      ["record", "--samples", "1", "--db", recording.folder.file("other.db")],
    ] { expectRefusal(try run(setUp, arguments), 72, saying: "/proc") }
    #expect(!FileManager.default.fileExists(atPath: recording.folder.file("other.db")))
  }

  @Test("a /proc of another pid namespace, as after nsenter -m, is refused")
  func procOfAnother() throws {
    let sleeper = try Command(
      "/usr/bin/unshare",
      ["--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sleep", "30"])
    defer { sleeper.signal(SIGKILL) }
    var child: String?
    try eventually("a child with a proc of its own") {
      child = try String(
        contentsOfFile: "/proc/\(sleeper.pid)/task/\(sleeper.pid)/children", encoding: .utf8
      ).split(separator: " ").first.map(String.init)
      guard let child else { return false }
      return try String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8) == "sleep\n"
    }
    let target = try #require(child)
    for arguments in [["check", "1", "2"], ["limits"], ["record", "--samples", "1"]] {
      let outcome = try Command.run(
        "/usr/bin/nsenter",
        ["--mount", "--target", target, Command.nshist] + arguments
          + (arguments[0] == "check" ? [] : ["--db", recording.folder.file("other.db")]))
      expectRefusal(outcome, 72, saying: "not in")
    }
  }
}
