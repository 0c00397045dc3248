// Process names that are made to break a terminal, CSV or JSON break none of them.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct HostileCommTests {
  /// The name as the kernel shows it, and as every output has to print it.
  static let names: [(pid: Int, comm: [UInt8], shown: String)] = [
    (10, Array("foo )bar".utf8), "foo )bar"),
    (11, Array("foo\nbar".utf8), #"foo\nbar"#),
    (12, Array("\u{1B}[31mred".utf8), #"\x1b[31mred"#),
    (13, [0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80], #"a\xff\xc3(\xed\xa0\x80"#),
    (14, Array("\u{202E}txt".utf8), #"\xe2\x80\xaetxt"#),
    (15, Array("\"q\",'r';=1".utf8), "\"q\",'r';=1"),
    (16, Array("a\tb\rc\u{7F}".utf8), #"a\x09b\x0dc\x7f"#),
    (17, Array("\u{85}\u{9B}1m\u{2028}".utf8), #"\xc2\x85\xc2\x9b1m\xe2\x80\xa8"#),
    (18, Array(#"foo\nbar"#.utf8), #"foo\\nbar"#),
    (19, Array(") S 1 (".utf8), ") S 1 ("),
    (20, Array("größe ☃".utf8), "größe ☃"),
    (21, [], ""),
    // A combining character after a quote does not hide the quote.
    (22, Array("\"\u{301},\\".utf8), "\"\u{301},\\\\"),
  ]

  let recording: Recording

  init() throws {
    recording = try Recording([])
    for name in Self.names { try recording.proc.add(name.pid, comm: name.comm) }
    try recording.proc.write("10/cgroup", "0::/a\u{1B}[2J,\"b\"\r\nc\n")
    #expect(try recording.record(samples: 2).status == 0)
  }

  private func query(_ format: String) throws -> Command.Outcome {
    try Command.run(
      Command.nshist,
      ["query", "same", "--format", format, "--db", recording.path]
        + Self.names.map { String($0.pid) })
  }

  private func export(_ format: String) throws -> String {
    try Command.nshist("export", "--format", format, "--db", recording.path).output
  }

  private func expectHarmless(
    _ text: String, but allowed: Set<Unicode.Scalar> = ["\n"],
    at location: SourceLocation = #_sourceLocation
  ) {
    let bad = text.unicodeScalars.filter { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: !allowed.contains(scalar)
      default: scalar == "\u{FFFD}"
      }
    }
    #expect(bad.isEmpty, "\(text.debugDescription)", sourceLocation: location)
  }

  @Test func theTableIsHarmless() throws {
    let outcome = try query("table")
    #expect(outcome.status == 0, "\(outcome.messages)")
    expectHarmless(outcome.output)
    for name in Self.names where !name.shown.isEmpty {
      #expect(outcome.output.contains("\n\(name.pid): \(name.shown), uid 0"))
    }
  }

  @Test func theJSONIsReadBack() throws {
    let outcome = try query("json")
    expectHarmless(outcome.output)
    let answer = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let processes = try #require(answer["processes"] as? [[String: Any]])
    #expect(processes.map { $0["comm"] as? String } == Self.names.map(\.shown))
    #expect(processes.map { $0["pid"] as? Int } == Self.names.map(\.pid))
  }

  @Test func theCSVOfAnAnswerIsReadBack() throws {
    let outcome = try query("csv")
    expectHarmless(outcome.output, but: ["\r", "\n"])
    let records = try StrictCSV.parse(outcome.output)
    #expect(records.count == 1 + 8)
    #expect(records.first?.prefix(2) == ["type", "verdict"])
  }

  @Test func everyExportIsReadBack() throws {
    let expected = Self.names.flatMap { Array(repeating: $0.shown, count: 8) }
    let records = try StrictCSV.parse(try export("csv"))
    let column = try #require(records.first?.firstIndex(of: "comm"))
    #expect(records.dropFirst().map { $0[column] } == expected)
    let cgroup = try #require(records.first?.firstIndex(of: "cgroup"))
    #expect(records[1][cgroup] == #"0::/a\x1b[2J,"b"\x0d\nc"#)

    let tsv = try export("tsv")
    expectHarmless(tsv, but: ["\t", "\n"])
    let lines = tsv.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false)
    }
    #expect(lines.dropFirst().map { String($0[column]) } == expected)

    let objects = try #require(
      try JSONSerialization.jsonObject(with: Data(try export("json").utf8)) as? [[String: Any]])
    #expect(objects.map { $0["comm"] as? String } == expected)

    let ndjson = try export("ndjson").split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    #expect(ndjson.map { $0?["comm"] as? String } == expected)
  }

  @Test func aNameInAMessageIsHarmless() throws {
    let outcome = try Command.nshist(
      "query", "same", "12@@1", "15", "--db", recording.path)
    #expect(outcome.messages.contains(#"as \x1b[31mred"#))
    expectHarmless(outcome.messages)
  }
}
