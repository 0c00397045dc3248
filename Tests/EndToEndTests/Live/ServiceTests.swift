// A recorder under a service manager: its notifications, messages for the journal, messages in JSON, and options from
// the environment.

import Foundation
import Glibc
import TestSupport
import Testing

/// The socket of a service manager, as systemd makes it for a unit with `Type=notify`.
private final class NotifySocket {
  private let descriptor: Int32
  let path: String

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// Returns the next message; nil if none arrives.
  func next() -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

@Suite(.ownsProcesses) struct ServiceTests {
  @Test("a service manager gets READY with the first sample, WATCHDOG, and STOPPING at the end")
  func notify() throws {
    let recording = try Recording()
    let socket = try NotifySocket(recording.folder.file("notify"))
    // The interval is longer than the time within which WATCHDOG=1 is due.
    let recorder = try Command(
      Command.nshist, recording.arguments(interval: "3s"),
      environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "400000"])
    var all: [String] = []
    while all.count(where: { $0 == "WATCHDOG=1" }) < 5 {
      all.append(try #require(socket.next(), "\(all)"))
    }
    let ready = all.filter { $0.hasPrefix("READY=1\n") }
    #expect(ready.count == 1 && ready[0].contains("STATUS=") && ready[0].contains("sample 1:"))
    // READY means that a sample is in the file.
    #expect(recording.number("SELECT COUNT(*) FROM sample") ?? 0 >= 1)
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    while let message = socket.next() {
      all.append(message)
      if message == "STOPPING=1" { break }
    }
    #expect(all.last == "STOPPING=1", "\(all)")
  }

  @Test("a watchdog of another process and a missing notify socket are ignored")
  func notMeant() throws {
    let recording = try Recording()
    let socket = try NotifySocket(recording.folder.file("notify"))
    let outcome = try Command.run(
      Command.nshist, recording.arguments(interval: "100ms", samples: 6),
      environment: [
        "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1",
      ])
    #expect(outcome.status == 0)
    var all: [String] = []
    while let message = socket.next() {
      all.append(message)
      if message == "STOPPING=1" { break }
    }
    #expect(all.first?.hasPrefix("READY=1") == true && !all.contains("WATCHDOG=1"), "\(all)")
    for name in [
      recording.folder.file("nobody"), "relative", "@", String(repeating: "/x", count: 80),
    ] {
      let outcome = try Command.run(
        Command.nshist, recording.arguments(interval: "20ms", samples: 2),
        environment: ["NOTIFY_SOCKET": name])
      #expect(outcome.status == 0, "\(name)")
    }
  }

  @Test("messages have a priority where they go to the journal, and only there")
  func journal() throws {
    let recording = try Recording()
    // JOURNAL_STREAM names the file of standard error. The shell opens that file, so it can set the variable.
    let script = """
      exec 2>"$1"; shift
      export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)
      exec "$@"
      """
    func messages(_ options: [String]) throws -> [String] {
      let file = recording.folder.file("messages")
      _ = try Command.run(
        "/bin/sh",
        ["-c", script, "sh", file, Command.nshist]
          + recording.arguments(interval: "20ms", samples: 2) + options)
      return try fileText(file).split(separator: "\n").map(String.init)
    }
    let lines = try messages([])
    #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("<5>nshist: ") }, "\(lines)")
    let refused = try messages(["--host-root", "/none"])
    #expect(refused.count == 1 && refused[0].hasPrefix("<3>nshist: "), "\(refused)")
    let json = try messages(["--log-format", "json"])
    #expect(json.count >= 2)
    for line in json {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(Set(object?.keys ?? [:].keys) == ["time", "level", "message"], "\(line)")
    }
    // A JOURNAL_STREAM of another file is ignored.
    let other = try Command.run(
      Command.nshist, recording.arguments(interval: "20ms", samples: 2),
      environment: ["JOURNAL_STREAM": "1:2"])
    #expect(other.messages.hasPrefix("nshist: "))
  }

  @Test("an option may come from the environment, and an argument takes precedence")
  func environment() throws {
    let recording = try Recording()
    let options = [
      "record", "--db", recording.path, "--interval", "20ms", "--proc-root", recording.proc.path,
    ]
    let outcome = try Command.run(
      Command.nshist, options,
      environment: [
        "NSHIST_SAMPLES": "3", "NSHIST_INTERVAL": "7", "NSHIST_MAX_SIZE": "64M",
        "NSHIST_KEEP": "off", "NSHIST_THREADS": "no",
      ])
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(recording.number("SELECT COUNT(*) FROM sample") == 3)
    #expect(recording.number("SELECT interval_ns FROM session") == 20_000_000)
    #expect(recording.number("SELECT max_bytes FROM session") == 64 << 20)
    #expect(recording.number("SELECT keep_ns IS NULL FROM session") == 1)

    let wrong = try Command.run(
      Command.nshist, options, environment: ["NSHIST_KEEP": "0", "NSHIST_EVENTS": "off"])
    expectRefusal(wrong, 64, saying: "NSHIST_KEEP=0")
    let flag = try Command.run(Command.nshist, options, environment: ["NSHIST_THREADS": "maybe"])
    expectRefusal(flag, 64, saying: "NSHIST_THREADS is 'maybe'")
    // Only options of `record` are read from the environment.
    let question = try Command.nshist(
      "query", "coverage", "--db", recording.path, environment: ["NSHIST_KEEP": "0"])
    #expect(question.status == 0)
  }

  @Test("every option of the recorder but --db and --help can come from the environment")
  func everyOption() throws {
    let help = try Command.nshist("record", "--help").output
    let options = help.matches(of: #/\n  --([a-z-]+)/#).map { String($0.1) }
    #expect(options.count > 10)
    for option in options where !["db", "help", "version"].contains(option) {
      let variable = "NSHIST_\(option.uppercased().replacing("-", with: "_"))"
      let outcome = try Command.nshist(
        "record", "--samples=x", environment: [variable: "no-such-value"])
      #expect(outcome.status == 64)
      #expect(
        option == "samples" || outcome.messages.contains(variable), "\(option): \(outcome.messages)"
      )
    }
  }
}
