// A process enters the namespaces of another one and returns to the host's, on the live system. The answers show what
// an incident responder finds afterwards.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled("needs root, to make namespaces", { geteuid() == 0 }))
struct IntruderTests {
  private typealias Object = [String: Any]

  private func ask(_ recording: LiveRecording, _ arguments: String...) throws -> [Object] {
    let outcome = try Command.run(
      Command.nshist, arguments + ["--format", "json", "--db", recording.database])
    #expect(outcome.status == 0, "\(arguments): \(outcome.messages)")
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? Object
    // The key of the rows is the name of the question.
    return answer?[arguments[1]] as? [Object] ?? []
  }

  private static func pid(_ process: Any?) -> Int? { (process as? Object)?["pid"] as? Int }

  private static func strings(_ row: Object?, _ key: String) -> [String] {
    row?[key] as? [String] ?? []
  }

  @Test(
    "an intruder is found with the namespaces it entered, their owner, and its return to the host")
  func intruder() throws {
    let recording = try LiveRecording()
    let (victim, intruder) = (try TestProcess(), try TestProcess())
    try recording.waitForSamples(2)
    try victim.unshare(CloneFlag.net | CloneFlag.uts)
    try recording.waitForSamples(2)
    try intruder.enter(victim.pid, CloneFlag.net)
    try recording.waitForSamples(3)
    try intruder.enter(getpid(), CloneFlag.net)
    try recording.waitForSamples(2)
    try intruder.exit()
    try victim.exit()
    try recording.waitForSamples(2)

    let changes = try ask(recording, "query", "changes")
    let ofVictim = changes.filter { $0["pid"] as? Int == Int(victim.pid) }
    #expect(ofVictim.compactMap { $0["change"] as? String } == ["moved", "exited"])
    #expect(Self.strings(ofVictim.first, "marks") == ["created"])
    let ofIntruder = changes.filter { $0["pid"] as? Int == Int(intruder.pid) }
    #expect(ofIntruder.compactMap { $0["change"] as? String } == ["moved", "moved"])
    #expect(ofIntruder.map { Self.strings($0, "marks") } == [["joined"], ["left-container"]])
    #expect(Self.pid(ofIntruder.first?["joined"]) == Int(victim.pid))

    let own = try ask(recording, "query", "changes", "--namespace", "net@\(victim.pid)")
      .filter { ($0["change"] as? String) != "last-exit" }
      .compactMap { row in (row["change"] as? String).map { "\(row["pid"] ?? 0) \($0)" } }
    for event in [
      "\(victim.pid) moved", "\(intruder.pid) moved", "\(victim.pid) exited",
    ] {
      #expect(own.contains(event), "\(event) in \(own)")
    }

    let history = try ask(recording, "query", "history", "\(intruder.pid)")
    #expect(history.map { Self.pid($0["joined"]) } == [nil, Int(victim.pid), nil])
    #expect(history.compactMap { $0["began"] as? String } == ["started", "changed", "changed"])
    #expect(history.last?["ended"] as? String == "exited")

    let peers = try ask(recording, "query", "peers", "\(victim.pid)")
    #expect(peers.compactMap { $0["pid"] as? Int } == [Int(intruder.pid)])
    #expect(peers.compactMap { $0["type"] as? String } == ["net"])

    let members = try ask(recording, "query", "members", "uts@\(victim.pid)", "--columns", "pid")
    #expect(members.contains { $0["pid"] as? Int == Int(victim.pid) })
  }

  @Test("the first process of a container and one that enters it by nsenter are both found")
  func container() throws {
    let recording = try LiveRecording()
    try recording.waitForSamples(2)
    let container = try Command(
      "/usr/bin/unshare", ["--net", "--uts", "--pid", "--fork", "sleep", "60"])
    try recording.waitForSamples(3)
    let inside = try #require(try children(of: container.pid).first)
    let exec = try Command(
      "/usr/bin/nsenter", ["--target", "\(inside)", "--net", "--uts", "--pid", "sleep", "60"])
    try recording.waitForSamples(3)
    let executed = try #require(try children(of: exec.pid).first)
    exec.signal(SIGTERM)
    container.signal(SIGTERM)
    for pid in [executed, inside] { kill(pid, SIGTERM) }
    try recording.waitForSamples(2)

    let changes = try ask(recording, "query", "changes")
    // The link for children is reported with the other links, or when the first child makes the pid namespace.
    let made = changes.filter { $0["pid"] as? Int == Int(container.pid) }
    #expect(Self.strings(made.first, "marks") == ["created"])
    let parts = made.flatMap { $0["parts"] as? [Object] ?? [] }
    let links = parts.compactMap { $0["link"] as? String }
    #expect(Set(links).isSuperset(of: ["net", "uts", "pid_for_children"]), "\(links)")
    let intruder = changes.first { $0["pid"] as? Int == Int(exec.pid) }
    #expect(Self.strings(intruder, "marks") == ["joined"])
    #expect([Int(inside), Int(container.pid)].contains(Self.pid(intruder?["joined"])))
    // Processes of which only the children go into the namespace are listed too.
    let members = try ask(
      recording, "query", "members", "pid@\(inside)", "--columns", "pid,link"
    ).filter { $0["link"] as? String == "pid" }
    #expect(Set(members.compactMap { $0["pid"] as? Int }) == [Int(inside), Int(executed)])
  }

  @Test(
    "--quiet-engines says what it left out, and leaves out no process that left its container",
    .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"))
  func quietEngines() throws {
    let recording = try LiveRecording()
    let folder = try TemporaryFolder()
    // Two programs with names of engines: one leaves the container, the other was never in it.
    for name in ["runc", "conmon"] {
      try FileManager.default.copyItem(atPath: "/usr/bin/nsenter", toPath: folder.file(name))
    }
    let id = String(repeating: "9d", count: 32)
    let group = try LiveCgroup("docker", id)
    let victim = try TestProcess(in: CloneFlag.net)
    try group.add(victim.pid)
    try recording.waitForSamples(2)
    func visit(_ name: String) -> String {
      "nsenter --target \(victim.pid) --net -- \(folder.file(name)) --target \(getpid()) --net sleep 0.3"
    }
    let inside = group.run(visit("runc"))
    #expect(try Command.run(inside[0], Array(inside.dropFirst())).status == 0)
    #expect(try Command.run("/bin/sh", ["-c", "exec \(visit("conmon"))"]).status == 0)
    try recording.waitForSamples(2)
    let outcome = try Command.nshist(
      "query", "changes", "--mark", "left-container", "--quiet-engines", "--format", "csv",
      "--db", recording.database)
    let lines = try StrictCSV.parse(outcome.output)
    let header = try #require(lines.first)
    let rows = lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    #expect(rows.contains { $0["comm"] == "runc" && $0["container"] == id }, "\(outcome.output)")
    #expect(!rows.contains { $0["comm"] == "conmon" }, "\(outcome.output)")
    #expect(outcome.messages.contains("--quiet-engines omitted "), "\(outcome.messages)")
    try victim.exit()
  }

  private func children(of pid: Int32) throws -> [Int32] {
    try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
      .split(separator: " ").compactMap { Int32($0.filter(\.isNumber)) }
  }
}
