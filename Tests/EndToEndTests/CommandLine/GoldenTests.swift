// Every command prints of the golden history what the files in `Golden` hold. So a change of any output shows up in
// the diff of these files.

import Foundation
import TestSupport
import Testing

struct GoldenTests {
  private let folder = try? TemporaryFolder()

  private static let environment = [
    "TZ": "UTC", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "COLUMNS": "100",
  ]

  @Test(arguments: GoldenQuestion.all)
  func isAsBefore(_ question: GoldenQuestion) throws {
    let path = try #require(folder).file("history.db")
    try GoldenHistory.write(path)
    for (format, ending) in question.formats {
      let outcome = try Command.run(
        Command.nshist, question.arguments(format) + ["--db", path],
        environment: Self.environment)
      #expect(outcome.status == question.status, "\(question.name): \(outcome.messages)")
      try check(outcome.output, format, "\(question.name)")
      try GoldenFile(name: "\(question.name).\(ending)").compare(outcome.output)
    }
  }

  /// Checks that a text is valid in its format.
  private func check(_ text: String, _ format: String, _ name: String) throws {
    switch format {
    case "json":
      #expect(throws: Never.self, "\(name)") {
        try JSONSerialization.jsonObject(with: Data(text.utf8))
      }
    case "csv":
      #expect(throws: Never.self, "\(name)") { try StrictCSV.parse(text) }
    default:
      #expect(!text.contains("\u{1B}"), "\(name)")
    }
  }

  @Test func noFileIsLeftOver() throws {
    let known = GoldenQuestion.all.flatMap { question in
      question.formats.map { "\(question.name).\($0.ending)" }
    }
    #expect(try GoldenFile.names() == known.sorted())
  }
}

/// A file in `Golden`.
struct GoldenFile {
  let name: String

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../Golden").standardizedFileURL
  private static let renews = ProcessInfo.processInfo.environment["NSHIST_RENEW_GOLDEN"] == "1"

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// Compares a text with the file, or rewrites the file if that was asked for.
  ///
  /// The files have no CR, which mail and editors lose. `StrictCSV` checks that each record of CSV ends with one.
  func compare(_ text: String) throws {
    let file = Self.folder.appendingPathComponent(name)
    let new = Data(text.utf8.filter { $0 != 0x0D })
    if Self.renews {
      try FileManager.default.createDirectory(
        at: Self.folder, withIntermediateDirectories: true)
      try new.write(to: file)
      return
    }
    let old = try? Data(contentsOf: file)
    if old != new { Issue.record("\(difference(from: old, to: new))") }
  }

  private func difference(from old: Data?, to new: Data) -> Comment {
    let how =
      "If that is meant, renew the files: NSHIST_RENEW_GOLDEN=1 swift test --filter Golden"
    guard let old else { return "Golden/\(name) is not there. \(how)" }
    let was = Self.lines(old)
    let isNow = Self.lines(new)
    let index = zip(was, isNow).enumerated().first { $1.0 != $1.1 }?.offset
    let line = index ?? min(was.count, isNow.count)
    return """
      Golden/\(name) differs in line \(line + 1)
      held:    \(line < was.count ? was[line] : "(no such line)")
      printed: \(line < isNow.count ? isNow[line] : "(no such line)")
      \(how)
      """
  }

  private static func lines(_ data: Data) -> [String] {
    data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self).debugDescription }
  }
}
