// The page of `nshist report` as text: what it says, what it escapes, and when it is refused.

import Foundation
import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

@Suite struct ReportTests {
  private let folder: TemporaryFolder
  private let history: String

  init() throws {
    folder = try TemporaryFolder()
    history = folder.file("history.db")
    try GoldenHistory.write(history)
  }

  private func report(_ words: String..., db: String? = nil) throws -> (
    outcome: Command.Outcome, page: String
  ) {
    let path = folder.file("page.html")
    let outcome = try CommandInProcess.run(
      ["report"] + words + ["--utc", "--output", path, "--db", db ?? history])
    let page = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return (outcome, page)
  }

  @Test("the page begins with the verdict of `query same` on the named processes")
  func verdict() throws {
    let (outcome, page) = try report("4711", "5000")
    #expect(outcome.status == 0, "\(outcome.messages)")
    let same = try CommandInProcess.run(["query", "same", "4711", "5000", "--utc", "--db", history])
    let headline = try #require(same.output.split(separator: "\n").first)
    let words = headline.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    #expect(page.contains("<b class=\"v-\(words[0])\">\(words[0])</b>"))
    #expect(page.contains(words[1].trimmingCharacters(in: .whitespaces)), "\(headline)")
  }

  @Test("groups begin with the answer of `query shared`")
  func shared() throws {
    let (outcome, page) = try report("container:0123456789ab", "5000")
    #expect(outcome.status == 0, "\(outcome.messages)")
    let shared = try CommandInProcess.run(
      ["query", "shared", "container:0123456789ab", "5000", "--utc", "--db", history])
    let word = try #require(shared.output.split(separator: " ").first)
    #expect(page.contains("<b class=\"v-\(word)\">\(word)</b>"), "\(shared.output)")
  }

  @Test("the cursor begins at what the verdict names, unless that is usual")
  func cursor() throws {
    #expect(try report("container:0123456789ab", "5000").page.contains(#""start":null"#))
    let groups = ["comm:bash", "comm:nsenter"]
    let page = try report(groups[0], groups[1]).page
    let answer = try CommandInProcess.run(
      ["query", "shared"] + groups + ["--format", "json", "--db", history])
    let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    let begun = Row(values: object as? [String: Any] ?? [:]).rows("types")
      .flatMap { $0.rows("visits") }.compactMap { $0["from"] }
    let start = try #require(page.firstMatch(of: /"start":(\d+),/).flatMap { Int64($0.1) })
    let base = try #require(page.firstMatch(of: /"base":"(\d+)"/).flatMap { Int64($0.1) })
    let text = TimeFormat.utc(WallTime(nanoseconds: base + start))
    #expect(begun.contains(text), "\(text) \(begun)")
  }

  @Test("without names it shows who was not in the initial namespaces, and counts the others")
  func notable() throws {
    let (outcome, page) = try report()
    #expect(outcome.status == 0, "\(outcome.messages)")
    for shown in ["4711 nginx", "5000 bash", "5100 nsenter", "8002 app"] {
      #expect(page.contains(shown), "\(shown)")
    }
    #expect(!page.contains("1 systemd, recorded"))
    #expect(page.contains("stayed in the initial namespaces, and are not shown."))
    #expect(page.contains("no recorder was running"), "the gaps have their causes")
  }

  @Test("the page loads nothing, and permits no script but its own")
  func policy() throws {
    let page = try report().page
    #expect(page.contains("content=\"default-src 'none'; script-src 'nonce-"))
    for word in ["http://", "https://", "src=", "<link", "@import"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.contains("<svg viewBox"))
  }

  @Test("two pages of one history differ in the random word and in the time alone")
  func isTheSame() throws {
    let pages = try (0..<2).map { _ in
      try report().page.replacing(try Regex("nonce(=\"|-)[0-9a-z]+"), with: "nonce")
        .replacing(try Regex("<dt>Made</dt><dd>[^<]*</dd>"), with: "")
    }
    #expect(pages[0] == pages[1])
  }

  @Test("texts that would end the data or be elements stand in the page as text")
  func hostile() throws {
    let evil = "</script><img src=x onerror=evil=1>&\"'"
    var actors = GoldenHistory.actors
    actors[4].cgroup = "0::/\(evil)/docker-\(GoldenHistory.container).scope"
    actors.append(
      .init(
        pid: 9100, comm: evil, parent: 1, start: 1, entries: [(1...13, GoldenHistory.host())],
        cgroup: "0::/\(evil)"))
    let path = folder.file("hostile.db")
    try GoldenHistory.write(
      path, GoldenHistory.moments, actors, names: [GoldenHistory.container: evil])
    let (outcome, page) = try report("9100", "4711", db: path)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(!page.contains("<img"))
    #expect(page.components(separatedBy: "</script>").count == 3)
    #expect(page.contains("&lt;/script&gt;&lt;img src=x onerror=evil=1&gt;&amp;"))
  }

  @Test("a history without a process in the time, and one that is empty, make a page that says so")
  func nothing() throws {
    let (outcome, page) = try report(
      "4711", "--since", "2023-11-14 20:00Z", "--until", "2023-11-14 21:00Z")
    #expect(outcome.status == 2, "\(outcome.messages)")
    #expect(page.contains("Nothing is recorded in this time"))
    #expect(outcome.messages.contains("before the first sample"))
    let empty = folder.file("empty.db")
    _ = try HistoryWriter(path: empty)
    let (without, blank) = try report(db: empty)
    #expect(without.status == 2, "\(without.messages)")
    #expect(blank.contains("holds no sample"), "\(blank.suffix(3000))")
  }

  @Test("the file is replaced whole or not at all")
  func replacement() throws {
    let path = folder.file("page.html")
    try Data("before".utf8).write(to: URL(fileURLWithPath: path))
    let (unknown, page) = try report("container:nobody")
    #expect(unknown.status == 66, "\(unknown.messages)")
    #expect(page == "before")
    let (outcome, after) = try report()
    #expect(outcome.status == 0)
    #expect(after.hasSuffix("</html>\n"))
    let database = try CommandInProcess.run(["report", "--output", history, "--db", history])
    #expect(database.status == 73, "\(database.messages)")
    let folderIsMissing = try CommandInProcess.run(
      ["report", "--output", folder.file("none/page.html"), "--db", history])
    #expect(folderIsMissing.status == 73, "\(folderIsMissing.messages)")
    let missing = try CommandInProcess.run(
      ["report", "--output", path, "--db", folder.file("none.db")])
    #expect(missing.status == 66)
    for words in [["host"], ["4711", "4711"], ["--output", ""], ["net:x"]] {
      let mistake = try CommandInProcess.run(["report", "--output", path, "--db", history] + words)
      #expect(mistake.status == 64, "\(words) \(mistake.messages)")
    }
  }

  @Test("a slice of some processes shows them, and says that others are not in it")
  func slice() throws {
    let slice = folder.file("slice.db")
    let capture = try CommandInProcess.run(
      ["capture", "4711", "--output", slice, "--db", history])
    #expect(capture.status == 0, "\(capture.messages)")
    let (outcome, page) = try report("4711", db: slice)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(page.contains("4711 nginx") && page.contains("what others did is not in it"))
    #expect(try report(db: slice).outcome.status == 65)
    #expect(try report("5000", db: slice).outcome.status == 65)
  }

  @Test(
    "a page and a trace of a file with edited numbers are written or refused",
    arguments: HostileEdits.numbers)
  func edited(sql: String) throws {
    try Connection(path: history, access: .readWrite).execute(
      "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; \(sql)")
    for words in [[], ["5000", "812"], ["net:4026532300"]] {
      let outcome = try CommandInProcess.run(
        ["report"] + words + ["--output", "-", "--db", history])
      #expect([0, 2, 65, 66].contains(outcome.status), "\(words): \(outcome.messages)")
    }
    let trace = try CommandInProcess.run(["export", "--format", "trace", "--db", history])
    #expect([0, 2, 65].contains(trace.status), "\(trace.messages)")
    guard trace.status == 0 else { return }
    _ = try JSONSerialization.jsonObject(with: Data(trace.output.utf8))
  }

  @Test("`-` writes to standard output")
  func standardOutput() throws {
    let outcome = try CommandInProcess.run(["report", "4711", "--output", "-", "--db", history])
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("<!DOCTYPE html>"))
  }
}
