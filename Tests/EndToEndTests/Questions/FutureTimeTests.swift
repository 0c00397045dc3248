// A time of day without a date is one of today, also where that is in the future: nothing is known of it, and the
// answer says so.

import Foundation
import TestSupport
import Testing

struct FutureTimeTests {
  private let path: String
  private let folder: TemporaryFolder
  /// A zone in which it is noon.
  private let zone: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try GoldenHistory.write(path)
    // The sign of a zone in POSIX is that of the way to UTC.
    zone = "NOON\(Int(Date().timeIntervalSince1970) / 3600 % 24 - 12)"
  }

  private func ask(_ words: [String]) throws -> Command.Outcome {
    try Command.run(Command.nshist, words + ["--db", path], environment: ["TZ": zone])
  }

  @Test(
    arguments: [
      "query processes --at 14:30", "query namespaces --at 14:30", "query tree --at 14:30",
      "query same 4711 812 --at 14:30", "query shared 4711 812 --at 14:30",
      "query changes --since 14:30", "query history 4711 --since 14:30",
      "query peers 4711 --since 14:30", "query members net#5001 --since 14:30",
      "query coverage --since 14:30", "timeline 4711 --since 14:30", "export --since 14:30",
    ])
  func isSaid(question: String) throws {
    let outcome = try ask(question.split(separator: " ").map(String.init))
    #expect(outcome.status == 2, "\(outcome.messages)")
    #expect(outcome.messages.contains(" 14:30:00.000"), "\(outcome.messages)")
    #expect(
      outcome.messages.contains(
        "is in the future, after the last sample; a time without a date is one of today: write 'yesterday 14:30:00' for"
      ),
      "\(outcome.messages)")
  }

  @Test func theDayBefore() throws {
    let past = try ask(["query", "changes", "--since", "yesterday 14:30"])
    #expect(past.status == 2 && !past.messages.contains("in the future"), "\(past.messages)")
    let dated = try ask(["query", "processes", "--at", "2099-01-01"])
    #expect(
      dated.status == 2
        && dated.messages.contains("is in the future, after the last sample; samples are recorded"))
    let swapped = try ask(["query", "changes", "--since", "14:30", "--until", "01:00"])
    #expect(
      swapped.status == 64 && swapped.messages.contains("write 'yesterday 14:30' for the day"),
      "\(swapped.messages)")
  }
}
