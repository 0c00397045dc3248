// Three questions of an incident, with real containers of podman(1). At most two commands answer each of them, and
// name the process, the times, and how certain they are.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"),
  .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"),
  .enabled(if: Podman.runs, "\(Podman.need)"))
struct IncidentTests {
  private let podman: Podman
  private let recording: LiveRecording
  private let name = "nshist-\(getpid())-\(UInt32.random(in: 0..<10000))"

  init() throws {
    podman = try Podman()
    recording = try LiveRecording(interval: "200ms", ["--events", "on", "--pins-every", "200ms"])
  }

  private func ask(_ words: String...) throws -> Command.Outcome {
    try Command.run(Command.nshist, ["query"] + words + ["--db", recording.database, "--utc"])
  }

  private func start(_ words: [String]) throws -> Command {
    try Command(words[0], Array(words.dropFirst()))
  }

  /// Returns the first line of a text that contains all of these words.
  private func line(_ text: String, _ words: String...) -> String? {
    text.split(separator: "\n").map(String.init).first { line in words.allSatisfy(line.contains) }
  }

  /// Waits until the containers are known by their names.
  private func waitForNames(_ names: String...) throws {
    for name in names {
      try eventually("the name \(name)") {
        try ask("processes", "--container", name, "--format", "csv").status == 0
      }
    }
  }

  @Test("`shared` names the process of one container that entered the network of another")
  func everShared() throws {
    let web = try podman.start(name + "-web")
    let db = try podman.start(name + "-db")
    try waitForNames(name + "-web", name + "-db")
    let since = argument(ClockReading.now().wall)
    // A process of the one container enters the other's network for ten milliseconds.
    let visitor = try start(
      try LiveCgroup.run(
        "/usr/bin/nsenter -t \(db.pid) -n /bin/sleep 0.01", inGroupOf: web.pid))
    _ = try visitor.wait()
    try recording.settle()
    let answer = try ask(
      "shared", "container:\(name)-web", "container:\(name)-db", "--since", since)
    #expect(answer.status == 0, "\(answer.output) \(answer.messages)")
    let sentence = try Regex(
      "^shared  PID [0-9]+ \\((sleep|nsenter)\\) of container \(name)-web was in "
        + "\(name)-db's net namespace [-0-9]+ [0-9:.]+Z to [0-9:.]+ \\(exact\\)\\.$")
    let first = answer.output.split(separator: "\n").first.map(String.init) ?? ""
    #expect(first.wholeMatch(of: sentence) != nil, "\(answer.output)")
  }

  @Test("`members` names the maker of a network and what keeps it")
  func whoMadeAndWhatKeeps() throws {
    let mounts = TestMounts()
    let pin = try mounts.privateFolder().file("kept")
    let web = try podman.start(name)
    let inode = try #require(KernelNamespace.inode("/proc/\(web.pid)/ns/net"))
    try waitForNames(name)
    let kept = try ask("members", "net:\(inode)")
    let header = kept.output.split(separator: "\n").first.map(String.init) ?? ""
    // runc, which podman starts and which has exited since, made the namespace.
    #expect(
      try header.firstMatch(
        of: Regex("(made by|first process seen in it was).*runc"))
        != nil, "\(kept.output)")
    #expect(header.contains("1 process keeps it"), "\(kept.output)")
    #expect(
      line(kept.output, "\(web.pid)", "sleep", name, "started", "open") != nil, "\(kept.output)")
    try mounts.bind("/proc/\(web.pid)/ns/net", onNew: pin)
    try podman.remove(name)
    try eventually("the mount alone keeps it") {
      let after = try ask("members", "net:\(inode)").output
      return line(after, "net:[\(inode)]", "pinned by mount \(pin)", "1 pin keeps it") != nil
        && line(after, "\(web.pid)", "sleep", name, "exited") != nil
    }
  }

  @Test("`history` and `changes` say what a PID was and who entered its container")
  func whatWasIt() throws {
    let web = try podman.start(name)
    try waitForNames(name)
    let inside = try podman.exec(name, "/bin/sleep", "0.1")
    #expect(inside.isEmpty)
    let visitor = try start(
      ["/usr/bin/nsenter", "-t", "\(web.pid)", "-n", "-u", "/bin/sleep", "0.3"])
    _ = try visitor.wait()
    try recording.settle()
    // The process that ran in the container has exited by now.
    let changes = try recording.ask("changes", "--container", name)
    let gone = try #require(
      changes.first {
        $0["change"] == "exited" && $0["container"] == web.id && $0["comm"] == "sleep"
      }?.pid, "\(changes)")

    let was = try ask("history", "\(gone)")
    #expect(was.status == 0 && was.output.contains("PARENT"), "\(was.messages)")
    // The process may have been read before runc moved it into the cgroup; then that is a row of its own.
    #expect(line(was.output, "\(gone)", "sleep", name, "exited") != nil, "\(was.output)")
    #expect(line(was.output, "\(gone)", "runc") != nil, "\(was.output)")

    let who = try ask("changes", "--container", name)
    #expect(who.status == 0, "\(who.messages)")
    let entry = line(who.output, "\(visitor.pid)", "exact", "moved", "joined ", " net:[")
    #expect(entry != nil && entry?.contains(" \(name) ") == false, "\(who.output)")
    let exit = line(who.output, "\(visitor.pid)", "exact", "exited", "left")
    #expect(exit != nil, "\(who.output)")
  }
}
