// What a person does during a long answer (^C, head(1), a pager), and what is printed meanwhile.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses) struct LongQuestionTests {
  private static let namespace = "net:\(CrowdedHistory.inode)"

  private static func members(_ history: CrowdedHistory, _ format: String) -> [String] {
    ["query", "members", namespace, "--format", format, "--db", history.path]
  }

  @Test("^C ends a query at once in the middle of its answer")
  func interrupt() throws {
    let history = try CrowdedHistory(processes: 4000)
    // Children of a shell that runs the tests in the background would ignore SIGINT.
    let command = try Command(
      "/usr/bin/env", ["--default-signal=INT", Command.nshist] + Self.members(history, "csv"))
    // Nothing reads the pipe, so the query blocks in the middle of its answer.
    usleep(300_000)
    let before = Date()
    command.signal(SIGINT)
    let outcome = try command.wait()
    #expect(outcome.status == 128 + SIGINT)
    #expect(Date().timeIntervalSince(before) < 2)
    #expect(outcome.messages == "")
  }

  @Test("a query whose output head(1) closes ends quietly", arguments: ["table", "csv", "json"])
  func head(format: String) throws {
    let history = try CrowdedHistory(processes: 4000)
    let line = ([Command.nshist] + Self.members(history, format)).joined(separator: " ")
    let outcome = try Command.run("/bin/sh", ["-c", "\(line) | head -n 3"])
    #expect(outcome.output.split(whereSeparator: \.isNewline).count == (format == "table" ? 2 : 3))
    #expect(outcome.messages == "")
  }

  @Test("a pager is used only if asked for, and only on a terminal")
  func pager() throws {
    let history = try CrowdedHistory(processes: 20)
    let plain = try Command.run(Command.nshist, Self.members(history, "csv"))
    #expect(plain.output.hasPrefix("namespace,"))
    let pager = ["PAGER": "sed s/^/paged:/"]
    let unasked = try Command.run(
      Command.nshist, Self.members(history, "csv") + ["--pager"], environment: pager)
    #expect(unasked.output == plain.output)

    let line = ([Command.nshist] + Self.members(history, "csv")).joined(separator: " ")
    let seen = try Terminal.run(line, environment: pager)
    #expect(seen.contains("crowd") && !seen.contains("paged:"))
    let paged = try Terminal.run("\(line) --pager", environment: pager)
    #expect(paged.contains("paged:namespace,"))
  }

  @Test("leaving the pager early is not a failure")
  func pagerLeft() throws {
    let history = try CrowdedHistory(processes: 4000)
    let line = ([Command.nshist] + Self.members(history, "csv")).joined(separator: " ")
    let seen = try Terminal.run(
      "\(line) --pager; echo status $?", environment: ["PAGER": "head -n 1"])
    #expect(seen.contains("namespace,") && seen.contains("status 0"), "\(seen.suffix(300))")
  }

  @Test("on a terminal a long query shows its progress and erases it at the end")
  func progress() throws {
    let history = try CrowdedHistory(processes: 20_000)
    let line = "\(Command.nshist) query peers 1 --format csv --db \(history.path)"
    let seen = try Terminal.run("\(line) > /dev/null")
    #expect(seen.contains("nshist: ") == false)
    #expect(seen.contains("still reading, "))
    #expect(seen.hasSuffix("\r\u{1B}[K"), "\(seen.suffix(40))")
    let quiet = try Command.run("/bin/sh", ["-c", "\(line) > /dev/null"])
    #expect(quiet.messages == "")
  }
}

extension Terminal {
  /// Runs a shell command on a terminal to its end, and returns what it printed.
  static func run(_ line: String, environment: [String: String] = [:]) throws -> String {
    let all = ["TERM": "xterm"].merging(environment) { $1 }
    return try Command.run(script, ["-qec", line, "/dev/null"], environment: all).output
  }
}
