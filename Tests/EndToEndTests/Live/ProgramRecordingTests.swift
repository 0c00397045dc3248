// The command line, the executable, the login, the session and the terminal of live processes, as a user asks for them.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root: reads executables"))
struct ProgramRecordingTests {
  static let events = LiveEvents.kinds + ["off"]

  /// Waits until the last row about a process satisfies a condition, and returns it.
  private func row(
    _ recording: LiveRecording, _ pid: Int32, _ what: String, _ condition: (Row) -> Bool
  ) throws -> Row {
    var found: Row?
    try eventually(what) {
      // The command fails as long as the history has no such process.
      let outcome = try Command.nshist(
        "query", "history", "\(pid)", "--format", "json", "--db", recording.database)
      let answer = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      let rows = ((answer as? [String: Any])?["history"] as? [[String: Any]] ?? []).map(Row.init)
      found = rows.last.flatMap { condition($0) ? $0 : nil }
      return found != nil
    }
    return try #require(found)
  }

  @Test(
    "a process has its command line, its login, its session and its terminal", arguments: events)
  func known(events: String) throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", events])
    let process = try Command("/bin/sleep", ["300.25"])
    defer { process.signal(SIGKILL) }
    let row = try row(recording, process.pid, "the program") {
      $0["command_line"] == "/bin/sleep 300.25"
    }
    #expect(
      row["executable"]
        == (try FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/\(process.pid)/exe")))
    #expect(row.number("sid") == Int(getsid(process.pid)) && row["tty"] != nil, "\(row)")
    let login = try String(contentsOfFile: "/proc/\(process.pid)/loginuid", encoding: .utf8)
    #expect(row.number("login_uid") == (login == "4294967295" ? -1 : Int(login)), "\(row)")
    let source = try #require(row["command_line_source"])
    #expect(events != "off" ? ["exec", "sample"].contains(source) : source == "sample", "\(row)")
    #expect(row["command_line_read"] != nil && row.number("uid") == 0)
    try recording.settle()
    let there = try recording.ask("processes", "--pid", "\(process.pid)").first
    #expect(there?["command_line"] == "/bin/sleep 300.25" && there?.texts("disputed") == [])
    for words in [
      ["members", "uts@\(process.pid)"], ["peers", "\(getpid())", "--initial"],
    ] {
      let rows = try recording.ask(words).filter { $0.pid == Int(process.pid) }
      #expect(
        !rows.isEmpty && rows.allSatisfy { $0["command_line"] == "/bin/sleep 300.25" },
        "\(words): \(rows)")
    }
    let table = try Command.nshist(
      "query", "history", "\(process.pid)", "--columns", "pid,command_line", "--db",
      recording.database)
    #expect(table.output.contains("/bin/sleep 300.25"), "\(table.output)")
    let csv = try Command.nshist(
      "export", "--pid", "\(process.pid)", "--type", "net", "--db", recording.database)
    let lines = csv.output.split(whereSeparator: \.isNewline)
    #expect(lines.first?.hasSuffix(",command_line,executable,login_uid,sid,tty") == true)
    #expect(lines.last?.contains(",/bin/sleep 300.25,") == true, "\(csv.output)")
  }

  @Test("an exec under the same name changes the command line", arguments: events)
  func sameName(events: String) throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", events])
    let file = NSTemporaryDirectory() + "nshist-exec-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let process = try Command(
      "/bin/sh",
      [
        "-c", "while [ ! -e \(file) ]; do sleep 0.05; done; exec /bin/sh -c 'sleep 60; :' second",
        "first",
      ])
    defer { process.signal(SIGKILL) }
    _ = try row(recording, process.pid, "the first") {
      $0["command_line"]?.hasSuffix(" first") == true
    }
    try recording.waitForSamples(2)
    let before = ClockReading.now().wall
    try recording.waitForSamples(1)
    try #require(FileManager.default.createFile(atPath: file, contents: nil))
    let later = try row(recording, process.pid, "the second") {
      $0["command_line"] == "/bin/sh -c sleep 60; : second"
    }
    #expect(later["comm"] == "sh")
    try recording.settle()
    let earlier = try recording.ask(
      "processes", "--at", argument(before), "--pid", "\(process.pid)"
    ).first
    #expect(earlier?["command_line"]?.hasSuffix(" first") == true, "\(earlier as Any)")
  }

  @Test("a process that rewrites its command line has one that it had", arguments: events)
  func rewritten(events: String) throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/perl") else {
      try Test.cancel("perl(1) is not installed")
    }
    let recording = try LiveRecording(interval: "100ms", ["--events", events])
    let process = try Command("/usr/bin/perl", ["-e", "$0 = q(a title); sleep 300"])
    defer { process.signal(SIGKILL) }
    let row = try row(recording, process.pid, "the program") { $0["command_line"] != nil }
    let own = ["/usr/bin/perl -e $0 = q(a title); sleep 300", "a title"]
    #expect(own.contains(row["command_line"] ?? ""), "\(row)")
  }

  @Test(
    "a child has the program of its parent until it executes one",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
  func inherited() throws {
    let recording = try LiveRecording(interval: "60s", ["--events", "on"])
    let pipe = NSTemporaryDirectory() + "nshist-pipe-\(UUID().uuidString)"
    try #require(mkfifo(pipe, 0o600) == 0)
    defer { try? FileManager.default.removeItem(atPath: pipe) }
    let process = try Command("/bin/sh", ["-c", "(read line <\(pipe)) & wait", "parent"])
    defer { process.signal(SIGKILL) }
    let parent = try row(recording, process.pid, "the parent") {
      $0["command_line"]?.hasSuffix("parent") == true
    }
    // A busy machine may let the recorder read the parent, and the child, only with the next sample.
    guard parent["command_line_source"] == "exec" else {
      try Test.cancel("the recorder was too late to read the parent after its exec")
    }
    try recording.settle()
    let child = try recording.ask("processes").first {
      $0.number("ppid") == Int(process.pid)
    }
    #expect(child?["command_line"]?.hasSuffix("parent") == true, "\(child as Any)")
    #expect(child?["command_line_source"] == "inherited" && child?["command_line_read"] == nil)
    if let pid = child?.pid { kill(Int32(pid), SIGKILL) }
  }

  @Test("arguments with any bytes break neither a table, JSON nor CSV")
  func hostile() throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", "off"])
    let odd = "\u{1B}[31m\u{202E}\n\"x\",y\u{7}"
    let process = try Command("/bin/sh", ["-c", "sleep 60; :", odd])
    defer { process.signal(SIGKILL) }
    let line = "/bin/sh -c sleep 60; : \\x1b[31m\\xe2\\x80\\xae\\n\"x\",y\\x07"
    _ = try row(recording, process.pid, "the program") { $0["command_line"] == line }
    for format in ["table", "csv"] {
      let outcome = try Command.nshist(
        "query", "history", "\(process.pid)", "--columns", "pid,command_line", "--format", format,
        "--db", recording.database)
      let text = outcome.output
      #expect(outcome.status == 0 && text.utf8.count { $0 == 0x0A } == 2, "\(text)")
      #expect(
        text.utf8.allSatisfy { [0x0A, 0x0D].contains($0) || (0x20..<0x7F).contains($0) }, "\(text)")
    }
  }

  @Test(
    "with --cmdline off no command line is in the file, but the executable is", arguments: events)
  func off(events: String) throws {
    let recording = try LiveRecording(
      interval: "100ms", ["--events", events, "--cmdline", "off"])
    let secret = "secret-\(UUID().uuidString)"
    let process = try Command("/bin/sh", ["-c", "sleep 60; :", secret])
    defer { process.signal(SIGKILL) }
    let row = try row(recording, process.pid, "the program") { $0["executable"] != nil }
    #expect(row["command_line"] == nil && row["command_line_truncated"] == nil, "\(row)")
    try recording.settle()
    for suffix in ["", "-wal"] {
      let path = recording.database + suffix
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(bytes.range(of: Data(secret.utf8)) == nil)
    }
    let kept = try Recording.texts("SELECT command_lines FROM session", in: recording.database)
    #expect(kept == ["0"])
  }

  @Test("the environment can turn command lines off, as a service manager sets it")
  func offByEnvironment() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("history.db")
    let outcome = try Command.nshist(
      "record", "--samples", "1", "--events", "off", "--db", file,
      environment: ["NSHIST_CMDLINE": "off"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    let counts = "SELECT COUNT(command_line) || ' ' || (COUNT(executable) > 0) FROM program"
    #expect(try Recording.texts(counts, in: file) == ["0 1"])
  }

  @Test("of a long command line the beginning is recorded, and marked")
  func long() throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", "off"])
    let process = try Command(
      "/bin/sh", ["-c", "sleep 60; :", String(repeating: "a", count: 100_000)])
    defer { process.signal(SIGKILL) }
    let row = try row(recording, process.pid, "the program") { $0["command_line"] != nil }
    #expect(row["command_line"]?.utf8.count == 512 && row.flag("command_line_truncated") == true)
  }
}
