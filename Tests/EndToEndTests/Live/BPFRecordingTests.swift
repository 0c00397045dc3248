// `nshist record --source bpf`, run as a user runs it.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root: unshare and setpriv"))
struct BPFRefusalTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("history.db") }

  init() throws { folder = try TemporaryFolder() }

  private func record(
    _ setUp: String = "", _ options: [String] = ["--source", "bpf", "--events", "off"],
    unshare: [String] = ["--uts"]
  ) throws -> Command.Outcome {
    try Command.run(
      "/usr/bin/unshare",
      unshare + [
        "/bin/sh", "-c", "\(setUp) '\(Command.nshist)' record --samples 1 --db '\(path)' \"$@\"",
        "sh",
      ] + options)
  }

  private func expectNoFile() {
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(
    "events by BPF are refused with the reason where they are not possible",
    .enabled(if: LiveEvents.kinds.contains("bpf"), "needs events by BPF"))
  func eventReasons() throws {
    let options = ["--events", "bpf"]
    expectRefusal(
      try record("mount -t tmpfs none /sys/kernel/btf &&", options, unshare: ["--mount"]), 74,
      saying: "CONFIG_DEBUG_INFO_BTF")
    expectRefusal(
      try record("exec setpriv --inh-caps=-all --bounding-set=-bpf,-sys_admin", options), 77,
      saying: "with CAP_BPF,")
    expectNoFile()
  }

  @Test(
    "samples by BPF are refused with the reason where they are not possible",
    .enabled(if: BPFSamples.arePossible, "\(BPFSamples.need)"))
  func reasons() throws {
    let library = """
      mount --bind /dev/null "$(ldconfig -p | sed -n 's/.*libbpf.so.1 .*x86-64.* => //p' | head -1)" &&
      """
    expectRefusal(try record(library, unshare: ["--mount"]), 74, saying: "libbpf1")
    expectRefusal(
      try record("mount -t tmpfs none /sys/kernel/btf &&", unshare: ["--mount"]), 74,
      saying: "CONFIG_DEBUG_INFO_BTF")
    for (dropped, missing) in [
      ("-bpf,-sys_admin", "with CAP_BPF,"), ("-perfmon,-sys_admin", "with CAP_PERFMON,"),
      ("-all", "with CAP_BPF and CAP_PERFMON,"),
    ] {
      let outcome = try record("exec setpriv --inh-caps=-all --bounding-set=\(dropped)")
      expectRefusal(outcome, 77, saying: missing)
    }
    expectRefusal(
      try record("mount -t proc proc /proc &&", unshare: ["--mount", "--pid", "--fork"]), 74,
      saying: "pid namespace that is not the initial one")
    expectRefusal(
      try record(unshare: ["--time", "--boottime", "9", "--fork"]), 74, saying: "time namespace")
    let fake = try FakeProc()
    expectRefusal(
      try record("", ["--source", "bpf", "--events", "off", "--proc-root", fake.path]), 74,
      saying: "is no proc file system")
    expectNoFile()
  }
}

/// `nshist record` without an option that chooses a source.
@Suite(
  .ownsProcesses, .serialized,
  .enabled(if: LiveEvents.kinds.contains("bpf"), "needs samples and events by BPF"))
struct BPFChoiceTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("history.db") }

  init() throws { folder = try TemporaryFolder() }

  private static let kept = """
    SELECT coalesce(source, 'none') || ' ' || coalesce(event_source, 'none') FROM sessions
    """

  /// Records one sample in a mount namespace of its own, and returns the line of the start.
  private func record(_ setUp: String, _ options: String = "") throws -> String {
    let command = "\(setUp) '\(Command.nshist)' record --samples 1 --db '\(path)' \(options)"
    let outcome = try Command.run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", command])
    #expect(outcome.status == 0, "\(outcome.messages)")
    let lines = outcome.messages.split(separator: "\n").filter { $0.contains("recording /proc") }
    #expect(lines.count == 1)
    return String(try #require(lines.first))
  }

  @Test("a recorder takes samples and events by BPF where that is possible")
  func best() throws {
    for options in ["", "--source auto --events on"] {
      let line = try record("", options)
      #expect(line.contains("samples by BPF; events of the kernel in between, by BPF"), "\(line)")
      #expect(!line.contains("not by BPF"), "\(line)")
    }
    #expect(try Recording.texts(Self.kept, in: path) == ["bpf bpf", "bpf bpf"])
  }

  @Test("a kind of samples or events that was asked for is no reason for a remark")
  func asked() throws {
    let line = try record("", "--source proc --events perf")
    #expect(line.contains("samples from /proc; events of the kernel in between, by perf; "))
  }

  static let obstacles = [
    (
      """
      mount --bind /dev/null "$(ldconfig -p | sed -n 's/.*libbpf.so.1 .*x86-64.* => //p' | head -1)" &&
      """, "libbpf1"
    ),
    ("mount -t tmpfs none /sys/kernel/btf &&", "CONFIG_DEBUG_INFO_BTF"),
    ("exec setpriv --inh-caps=-all --bounding-set=-bpf,-sys_admin", "with CAP_BPF,"),
  ]

  @Test(
    "without what BPF needs a recorder takes perf and /proc, and its first line says what is missing",
    arguments: obstacles)
  func fallback(setUp: String, missing: String) throws {
    let line = try record(setUp)
    #expect(line.contains("samples from /proc, not by BPF: ") && line.contains(missing), "\(line)")
    #expect(line.contains("in between, by perf for that reason too"), "\(line)")
    #expect(try Recording.texts(Self.kept, in: path) == ["proc perf"])
  }
}

@Suite(
  .ownsProcesses, .serialized,
  .enabled(if: BPFSamples.arePossible, "\(BPFSamples.need)"))
struct BPFRecordingTests {
  private let options = ["--source", "bpf", "--events", "off"]

  @Test(
    "CAP_BPF and CAP_PERFMON are enough for samples by BPF, and the environment may ask for them")
  func capabilities() throws {
    let folder = try TemporaryFolder()
    let process = try TestProcess(in: CloneFlag.uts)
    let path = folder.file("history.db")
    let outcome = try Command.run(
      "/usr/bin/setpriv",
      [
        "--inh-caps=-all", "--bounding-set=-all,+bpf,+perfmon", Command.nshist, "record",
        "--samples", "2", "--interval", "20ms", "--db", path,
      ], environment: ["NSHIST_SOURCE": "bpf", "NSHIST_EVENTS": "off"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages.contains("samples by BPF"))
    let known = """
      SELECT COUNT(*) FROM membership_links WHERE pid = \(process.pid) AND inode IS NOT NULL
      """
    #expect(try Recording.texts(known, in: path) == ["10"])
  }

  @Test("the session keeps where samples and events came from", arguments: ["perf", "bpf", "off"])
  func sources(events: String) throws {
    guard events == "off" || LiveEvents.kinds.contains(events) else { return }
    let recording = try LiveRecording(["--source", "bpf", "--events", events])
    _ = try recording.end()
    let kept = "SELECT source || ' ' || coalesce(event_source, 'none') FROM sessions"
    #expect(
      try Recording.texts(kept, in: recording.database) == [
        "bpf \(events == "off" ? "none" : events)"
      ])
  }

  @Test("a process at rest adds no row, and every change is found by the next sample")
  func changes() throws {
    let process = try TestProcess()
    let recording = try LiveRecording(interval: "50ms", options)
    let rows = """
      SELECT COUNT(*) FROM membership JOIN task USING (task_id) WHERE pid = \(process.pid)
      """
    try recording.waitForSamples(5)
    #expect(try Recording.texts(rows, in: recording.database) == ["1"])
    for (index, flag) in [CloneFlag.uts, CloneFlag.net, CloneFlag.time].enumerated() {
      try process.unshare(flag)
      try recording.waitForSamples(2)
      #expect(try Recording.texts(rows, in: recording.database) == ["\(index + 2)"])
    }
    try process.exit()
    try recording.waitForSamples(2)
    _ = try recording.end()
  }

  @Test("a thread in namespaces of its own is recorded without --threads")
  func threads() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    let recording = try LiveRecording(interval: "50ms", options)
    try process.unshareInThread(CloneFlag.net)
    try recording.waitForSamples(2)
    let tasks = "SELECT COUNT(*) FROM task WHERE tid = \(tid)"
    #expect(try Recording.texts(tasks, in: recording.database) == ["1"])
    _ = try recording.end()
  }
}
