// Tables fit the width of a terminal; options select and sort the printed rows.

import Foundation
import TestSupport
import Testing

@testable import nshist

struct TerminalTableTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try GoldenHistory.write(path)
  }

  /// Returns the lines that a terminal shows.
  private func terminal(_ question: String, columns: Int) throws -> [String] {
    let outcome = try Command.run(
      "/usr/bin/script",
      ["-qec", "'\(Command.nshist)' query \(question) --utc --db '\(path)'", "/dev/null"],
      environment: ["TZ": "UTC", "NO_COLOR": "1", "COLUMNS": "\(columns)", "TERM": "xterm"])
    return outcome.output.split(whereSeparator: \.isNewline).map(String.init)
  }

  private func csv(_ question: String...) throws -> [[String: String]] {
    let outcome = try Command.run(
      Command.nshist, ["query"] + question + ["--format", "csv", "--db", path])
    #expect(outcome.status == 0, "\(question): \(outcome.messages)")
    let records = try StrictCSV.parse(outcome.output)
    let header = try #require(records.first)
    return records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
  }

  @Test(
    "no line of an answer is wider than the terminal, and no word is split",
    .enabled(if: hasScript, "needs script"),
    arguments: ["same 812 4711 4712", "shared container:0123456789ab 812"])
  func prose(question: String) throws {
    let (wide, narrow) = (
      try terminal(question, columns: 1000), try terminal(question, columns: 80)
    )
    for line in narrow { #expect(line.count <= 80, "\(line)") }
    #expect(narrow.count > wide.count, "\(narrow)")
    // A narrow table writes some values into the sentence below a row: `REASON: gap`.
    func words(_ lines: [String]) -> Set<String> {
      Set(lines.flatMap { $0.split(separator: " ") }.map { $0.trimmingCharacters(in: [":"]) })
    }
    let split = words(narrow).subtracting(words(wide))
    #expect(split.isEmpty, "\(split)")
  }

  @Test("a long line is continued below, after its own blanks, and colours take no room")
  func wrapped() {
    #expect(TextWrap.wrapped("one two", 7) == "one two")
    #expect(TextWrap.wrapped("one two three", 9) == "one two\n  three")
    #expect(TextWrap.wrapped("  one two three", 9) == "  one two\n    three")
    #expect(TextWrap.wrapped("\u{1B}[31mone\u{1B}[0m two", 7) == "\u{1B}[31mone\u{1B}[0m two")
    #expect(
      TextWrap.wrapped("\u{1B}[31mone\u{1B}[0m two three", 9)
        == "\u{1B}[31mone\u{1B}[0m two\n  three")
  }

  private static let hasScript = FileManager.default.fileExists(atPath: "/usr/bin/script")

  @Test(
    "no line of a table is wider than the terminal", .enabled(if: hasScript, "needs script"),
    arguments: [
      "changes", "history 812", "members net:4026532300", "peers 5000", "processes", "namespaces",
      "coverage",
    ])
  func fits(question: String) throws {
    let lines = try terminal(question, columns: 80)
    let header = try #require(lines.firstIndex { $0.contains("PID") || $0.contains("FROM") })
    let table = lines[header...].prefix { !$0.hasPrefix("nshist:") }
    #expect(table.count > 1, "\(lines)")
    for line in table { #expect(line.count <= 80, "\(line)") }
  }

  @Test(
    "a day is printed once, and columns that were left out are named",
    .enabled(if: hasScript, "needs script"))
  func dayAndColumns() throws {
    let narrow = try terminal("changes", columns: 80)
    #expect(narrow.contains("Times of 2023-11-14, UTC."), "\(narrow)")
    #expect(narrow.count { $0.contains("2023-11-14") } == 1)
    #expect(narrow.contains { $0.hasSuffix("--wide shows all") }, "\(narrow)")
    let wide = try terminal("changes --wide", columns: 80)
    #expect(wide.contains { $0.contains("PRECISION") && $0.contains("MARKS") })
    #expect(!wide.contains { $0.contains("--wide") || $0.contains("…") })
  }

  @Test(
    "sentences and containers are whole on a narrow terminal",
    .enabled(if: hasScript, "needs script"), arguments: [40, 80, 100, 120])
  func sentences(columns: Int) throws {
    let changes = try terminal("changes --container 0123", columns: columns)
    let text = changes.joined(separator: " ").split(separator: " ").joined(separator: " ")
    #expect(text.contains("joined cgroup, ipc, mnt, net, pid, uts of 4711 nginx of container"))
    #expect(text.contains("no process is left in net:[4026532201]"), "\(changes)")
    let history = try terminal("history 5000", columns: columns)
    #expect(!history.contains { $0.contains("…") }, "\(history)")
    #expect(history.joined().contains("uts:[4026532299]"), "\(history)")
    guard columns >= 80 else { return }
    #expect(!changes.contains { $0.contains("…") }, "\(changes)")
    #expect(changes.contains { $0.contains("4712  nginx  0123456789ab") }, "\(changes)")
    #expect(text.contains("CONTAINER") && text.contains("MARKS"), "\(changes)")
  }

  @Test(
    "what all rows have in common is printed once above a table that is too wide",
    .enabled(if: hasScript, "needs script"))
  func common() throws {
    let narrow = try terminal("history 5000", columns: 80)
    #expect(
      narrow.contains("In all rows: PID 5000, COMM bash, UID 0, PARENT 812 sshd."), "\(narrow)")
    #expect(narrow.contains { $0.hasPrefix("FROM") && $0.contains("ENDED") }, "\(narrow)")
    let wide = try terminal("history 5000", columns: 300)
    #expect(wide.contains { $0.hasPrefix("PID") } && !wide.contains { $0.hasPrefix("In all") })
    // A single row has its values in it, and so has a table of which more rows may come.
    let one = try terminal("history 5000 --limit 1", columns: 80)
    #expect(!one.contains { $0.hasPrefix("In all") }, "\(one)")
  }

  @Test(
    "a terminal shows gaps and signs of a timeline in colours",
    .enabled(if: hasScript, "needs script"))
  func coloursOfATimeline() throws {
    func shown(_ environment: [String: String]) throws -> String {
      try Command.run(
        "/usr/bin/script",
        ["-qec", "'\(Command.nshist)' timeline 5000 --type net --utc --db '\(path)'", "/dev/null"],
        // `swift test` sets NO_COLOR where its own output is no terminal.
        environment: [
          "TZ": "UTC", "COLUMNS": "100", "TERM": "xterm", "COLORTERM": "", "NO_COLOR": "",
        ]
        .merging(environment) { $1 }
      ).output
    }
    // This type of terminal has no 256 colours.
    let coloured = try shown([:])
    #expect(coloured.contains("\u{1B}[33m-----"), "\(coloured.debugDescription)")
    #expect(coloured.contains("\u{1B}[33m-\u{1B}[0m = a gap"), "\(coloured.debugDescription)")
    #expect(try !shown(["NO_COLOR": "1"]).contains("\u{1B}"))
    let pipe = try Command.nshist("timeline", "5000", "--type", "net", "--db", path)
    #expect(!pipe.output.contains("\u{1B}") && pipe.output.contains("-----"))
  }

  @Test("peers are folded by container, and --all, --columns and --sort show each process")
  func foldedPeers() throws {
    func table(_ options: [String] = []) throws -> [String] {
      let outcome = try Command.run(
        Command.nshist, ["query", "peers", "4711", "--utc", "--db", path] + options)
      #expect(outcome.status == 0, "\(outcome.messages)")
      return outcome.output.split(separator: "\n").map(String.init)
    }
    let folded = try table()
    #expect(folded.count == 2 && folded[1].contains("4712 nginx, 6200 sh"), "\(folded)")
    let each = try Set(csv("peers", "4711").compactMap { $0["pid"] })
    for options in [["--all"], ["--sort", "pid"], ["--columns", "pid,comm"]] {
      let rows = try table(options)
      #expect(rows.count == each.count + 1, "\(rows)")
    }
  }

  @Test("the peers of a container are counted once, however many of its processes they observed")
  func peersOfContainer() throws {
    let outcome = try Command.run(
      Command.nshist, ["query", "peers", "container:0123", "--utc", "--db", path])
    #expect(outcome.status == 0, "\(outcome.messages)")
    let rows = outcome.output.split(separator: "\n").dropFirst()
    #expect(rows.count == 1, "\(rows)")
    let row = try #require(rows.first)
    #expect(row.hasPrefix("0123456789ab  3      cgroup,ipc,mnt,net,pid,uts  "), "\(row)")
    for process in ["4711 nginx", "4712 nginx", "6200 sh"] {
      #expect(row.components(separatedBy: process).count == 2, "\(row)")
    }
  }

  @Test(
    "the members of an initial namespace are only counted on a terminal, unless asked for",
    .enabled(if: hasScript, "needs script"))
  func initialMembers() throws {
    let question = "members net:4026531833"
    let folded = try terminal(question, columns: 120)
    #expect(!folded.contains { $0.contains("systemd") }, "\(folded)")
    #expect(
      folded.contains {
        $0.contains("net:[4026531833]#7 (initial) had 14 processes") && $0.contains("--all prints")
      }, "\(folded)")
    #expect(try terminal("\(question) --all", columns: 120).contains { $0.contains("systemd") })
    #expect(try terminal("\(question) --limit 1", columns: 120).contains { $0.contains("systemd") })
    // Another namespace of the same question is printed.
    let both = try terminal("members net@5000", columns: 120)
    #expect(both.contains { $0.contains("5100") && $0.contains("nsenter") }, "\(both)")
    let pipe = try Command.run(
      Command.nshist, ["query"] + question.split(separator: " ").map(String.init) + ["--db", path])
    #expect(pipe.status == 0 && pipe.output.contains("systemd"), "\(pipe)")
    #expect(!pipe.messages.contains("--all"), "\(pipe.messages)")
  }

  @Test("a pipe gets every column, uncut")
  func pipe() throws {
    let outcome = try Command.run(
      Command.nshist, ["query", "changes", "--utc", "--db", path], environment: ["COLUMNS": "40"])
    #expect(outcome.output.contains("PRECISION") && !outcome.output.contains("…"))
  }

  @Test func order() throws {
    let rows = try csv("processes", "--at", "2023-11-14T22:15:12Z")
    let pids = rows.compactMap { $0["pid"].flatMap { Int($0) } }
    #expect(pids.count > 3)
    let up = try csv("processes", "--at", "2023-11-14T22:15:12Z", "--sort", "pid")
    #expect(up.compactMap { $0["pid"].flatMap { Int($0) } } == pids.sorted())
    let down = try csv(
      "processes", "--at", "2023-11-14T22:15:12Z", "--sort", "-pid", "--limit", "2")
    #expect(
      down.compactMap { $0["pid"].flatMap { Int($0) } } == Array(pids.sorted().reversed().prefix(2))
    )
    let reversed = try csv("changes", "--reverse")
    #expect(try reversed == csv("changes").reversed())
    #expect(try csv("changes", "--limit", "3") == Array(csv("changes").prefix(3)))
  }

  @Test("a limit says that there is more")
  func limit() throws {
    let cut = try Command.run(
      Command.nshist, ["query", "changes", "--limit", "1", "--db", path])
    #expect(cut.status == 0 && cut.messages.contains("there are more rows"), "\(cut.messages)")
    let whole = try Command.run(
      Command.nshist, ["query", "changes", "--limit", "1000", "--db", path])
    #expect(!whole.messages.contains("there are more rows"))
    for mistake in [["--limit", "0"], ["--sort", "nothing"], ["--sort", "-"]] {
      let outcome = try Command.run(
        Command.nshist, ["query", "changes"] + mistake + ["--db", path])
      #expect(outcome.status == 64 && outcome.messages.split(separator: "\n").count == 1)
    }
  }

  @Test("a filter that leaves no change is reported; an unknown name is an error")
  func noChange() throws {
    let none = try Command.run(
      Command.nshist, ["query", "changes", "--comm", "cron", "--mark", "created", "--db", path])
    #expect(none.status == 2, "\(none)")
    #expect(
      none.messages.contains("no such change was recorded from 2023-11-14 ")
        && none.messages.contains(" to 2023-11-14 "), "\(none)")
    let unknown = try Command.run(
      Command.nshist, ["query", "changes", "--comm", "nsentre", "--db", path])
    #expect(unknown.status == 66 && unknown.messages.contains("nsenter"), "\(unknown)")
  }

  @Test("--columns accepts the headings of the table and the keys of JSON")
  func headings() throws {
    let table = try Command.run(
      Command.nshist, ["query", "history", "812", "--columns", "parent", "--db", path])
    #expect(table.output.hasPrefix("PARENT\n1 systemd\n"), "\(table.output)")
    let json = try Command.run(
      Command.nshist,
      ["query", "history", "812", "--columns", "parent", "--format", "json", "--db", path])
    #expect(json.output.contains(#"{"parent": {"#), "\(json.output)")
  }

  @Test("--mark and --comm select changes")
  func filters() throws {
    let all = try csv("changes")
    let joined = try csv("changes", "--mark", "joined")
    #expect(!joined.isEmpty)
    #expect(joined == all.filter { $0["marks"]?.split(separator: " ").contains("joined") == true })
    let several = all.filter { row in
      row["marks"]?.split(separator: " ").contains { ["joined", "created"].contains($0) } == true
    }
    #expect(several.count > joined.count)
    #expect(try csv("changes", "--mark", "joined", "--mark", "created") == several)
    #expect(try csv("changes", "--mark", "created,joined") == several)
    let two = try csv("changes", "--comm", "nsenter", "--comm", "bash")
    #expect(two == all.filter { ["nsenter", "bash"].contains($0["comm"]) } && two.count > 2)
    let mistake = try Command.nshist("query", "changes", "--mark", "jumped", "--db", path)
    #expect(mistake.status == 64 && mistake.messages.contains("the marks are joined"), "\(mistake)")
    let named = try csv("changes", "--comm", "nsenter")
    #expect(!named.isEmpty && named == all.filter { $0["comm"] == "nsenter" })
    #expect(all.contains { $0["comm"] == "podman" })
    #expect(try csv("changes", "--quiet-engines") == all.filter { $0["comm"] != "podman" })
  }
}
