// `nshist doctor` reports what a recorder would log in the same place, because both run the same checks.

import Foundation
import TestSupport
import Testing

@Suite(
  .serialized, .enabled(if: geteuid() == 0, "needs root: unshare and mount"))
struct DoctorTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("history.db") }

  init() throws {
    folder = try TemporaryFolder()
    try chmod(folder.path, to: 0o777)
  }

  /// The decoded report: the state and the text of each check.
  private struct Findings: Decodable {
    struct Check: Decodable {
      let check: String
      let state: String
      let found: String
      let advice: String?
    }
    let state: String
    let checks: [Check]

    subscript(name: String) -> Check? { checks.first { $0.check == name } }
  }

  private func run(_ unshare: [String], _ setUp: String, _ words: String) throws
    -> Command.Outcome
  {
    try Command.run(
      "/usr/bin/unshare",
      unshare + ["/bin/sh", "-c", "\(setUp) '\(Command.nshist)' \(words) --db '\(path)'"])
  }

  private func doctor(
    _ unshare: [String], _ setUp: String, status: Int32 = 0
  ) throws -> Findings {
    let outcome = try run(unshare, setUp, "doctor --format json")
    #expect(outcome.status == status, "\(outcome.messages)")
    return try JSONDecoder().decode(Findings.self, from: Data(outcome.output.utf8))
  }

  private func record(_ unshare: [String], _ setUp: String) throws -> Command.Outcome {
    try run(unshare, setUp, "record --interval 20ms --samples 1")
  }

  @Test("the doctor and the recorder name the same reason for no events")
  func useless() throws {
    for unshare in [["--pid", "--fork"], ["--time", "--boottime", "1000", "--fork"]] {
      let printed = try record(unshare, "").messages.split(separator: "\n")
        .first { $0.contains("not listening to the kernel's events: ") }
      let events = try #require(try doctor(unshare, "")["events"])
      #expect(events.state == "degraded")
      #expect(printed?.contains(events.found) == true, "\(events.found)")
    }
  }

  @Test("the doctor reports broken where a recorder refuses to start")
  func processesOnly() throws {
    let setUp = "mount -t proc -o subset=pid proc /proc &&"
    let refusal = try record(["--mount"], setUp)
    expectRefusal(refusal, 72, saying: "subset=pid")
    let findings = try doctor(["--mount"], setUp, status: 1)
    let recording = try #require(findings["recording"])
    #expect(findings.state == "broken" && recording.state == "broken")
    #expect(refusal.messages.contains(recording.advice ?? "none"))
  }

  @Test("the doctor reports fine where a recorder logs no problem")
  func fine() throws {
    let findings = try doctor(["--mount"], "")
    #expect(findings["recording"]?.state == "fine")
    let printed = try record(["--mount"], "").messages
    #expect((findings["events"]?.state == "fine") == !printed.contains("no events in between"))
  }

  @Test("hidepid hides nothing from root", .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func hidePID() throws {
    let setUp = "mount -t proc -o hidepid=2 proc /proc &&"
    #expect(try doctor(["--mount"], setUp)["hidepid"]?.state == "fine")
    let other = "\(setUp) exec \(OtherUser.command)"
    #expect(try doctor(["--mount"], other)["hidepid"]?.state == "degraded")
    let outcome = try record(["--mount"], setUp)
    #expect(!outcome.messages.contains("hidepid"), "\(outcome.messages)")
    #expect(try Recording.texts("SELECT hidepid FROM session", in: path) == ["0"])
  }

  @Test(
    "the doctor advises CAP_PERFMON where events are not permitted",
    .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func advice() throws {
    let outcome = try OtherUser.nshist(
      ["doctor", "--format", "json", "--db", path], dropping: OtherUser.everyCapability)
    let findings = try JSONDecoder().decode(Findings.self, from: Data(outcome.output.utf8))
    let events = try #require(findings["events"])
    #expect(events.state == "degraded" && events.found.contains("perf_event_paranoid is "))
    // Without the capability, no value of the setting is enough.
    #expect(events.advice?.contains("CAP_PERFMON") == true)
    #expect(events.advice?.contains("-1") == false)
  }

  @Test("the doctor reports a folder in which no history can be made")
  func noFolder() throws {
    let outcome = try Command.run(
      "/usr/bin/unshare",
      [
        "--mount", "/bin/sh", "-c",
        """
        mount -t tmpfs -o ro none '\(folder.path)' && \
        '\(Command.nshist)' doctor --format json --db '\(folder.file("a/b/history.db"))'
        """,
      ])
    let findings = try JSONDecoder().decode(Findings.self, from: Data(outcome.output.utf8))
    #expect(findings["history"]?.advice?.contains("Read-only file system") == true)
  }

  @Test(
    "the doctor reports why samples by BPF are not possible",
    .enabled(if: BPFSamples.arePossible, "\(BPFSamples.need)"))
  func bpf() throws {
    let whole = try doctor(["--uts"], "")
    let possible = whole["bpf samples"]
    #expect(possible?.found.hasPrefix("possible") == true, "\(possible?.found ?? "")")
    // The recorder reports the same reason for which a kernel refuses the program for setns and unshare.
    if let events = whole["bpf events"], events.found.contains("fentry") {
      let line = try record(["--uts"], "").messages
      let reason = events.found.split(separator: " of the type ").last ?? "none"
      #expect(line.contains(reason), "\(line) \(events.found)")
    }
    let library =
      "mount --bind /dev/null \"$(ldconfig -p | sed -n 's/.*libbpf.so.1 .*x86-64.* => //p' | head -1)\""
    let reasons = [
      ("\(library) &&", ["--mount"], "libbpf cannot be opened", "libbpf1"),
      ("mount -t tmpfs none /sys/kernel/btf &&", ["--mount"], "no description of its types", "BTF"),
      (
        "exec setpriv --bounding-set=-bpf,-perfmon,-sys_admin", ["--uts"],
        "does not permit to load", "CAP_BPF and CAP_PERFMON"
      ),
      (
        "exec setpriv --bounding-set=-bpf,-sys_admin", ["--uts"], "does not permit to load",
        "with CAP_BPF,"
      ),
      (
        "exec setpriv --bounding-set=-perfmon,-sys_admin", ["--uts"], "does not permit to load",
        "with CAP_PERFMON,"
      ),
      (
        "mount -t proc proc /proc &&", ["--mount", "--pid", "--fork"],
        "pid namespace that is not the initial one", "host"
      ),
      ("", ["--time", "--boottime", "9", "--fork"], "initial time namespace", "host"),
      ("", ["--user", "--map-root-user"], "initial user namespace", "host"),
    ]
    for (setUp, unshare, fact, remedy) in reasons {
      let findings = try doctor(unshare, setUp)
      let events = try #require(findings["bpf events"], "\(fact)")
      #expect(events.found.hasPrefix("not possible"), "\(events.found)")
      let refused = try #require(findings["bpf samples"], "\(fact)")
      #expect(refused.state == "fine" && refused.found.hasPrefix("not possible"), "\(fact)")
      #expect(refused.found.contains(fact), "\(refused.found)")
      #expect(refused.advice?.contains(remedy) == true, "\(refused.advice ?? "")")
    }
  }
}
