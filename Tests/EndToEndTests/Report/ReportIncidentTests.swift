// The page of an incident with real containers of podman(1), recorded while it happened.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"),
  .enabled(if: LiveCgroup.isPermitted, "\(LiveCgroup.need)"),
  .enabled(if: Podman.runs, "\(Podman.need)"),
  .enabled(if: PageCheck.isPossible, "\(PageCheck.need)"))
struct ReportIncidentTests {
  private let podman: Podman
  private let recording: LiveRecording
  private let name = "nshist-\(getpid())-\(UInt32.random(in: 0..<10000))"

  init() throws {
    podman = try Podman()
    recording = try LiveRecording(interval: "200ms", ["--events", "on", "--pins-every", "200ms"])
  }

  @Test("the page shows who entered a container, and its words are those of `query same`")
  func entered() throws {
    let web = try podman.start(name + "-web")
    let db = try podman.start(name + "-db")
    try recording.waitForContainer(name + "-web")
    try recording.waitForContainer(name + "-db")
    let visitor = try Command(
      "/usr/bin/nsenter", ["-t", "\(db.pid)", "-n", "-u", "/bin/sleep", "0.2"])
    _ = try visitor.wait()
    _ = try podman.exec(name + "-web", "/bin/sleep", "0.1")
    try recording.settle()
    // A copy does not change while the page is held against it.
    let folder = try TemporaryFolder()
    let copy = folder.file("copy.db")
    let backup = try Command.nshist("db", "backup", copy, "--db", recording.database)
    #expect(backup.status == 0, "\(backup.messages)")
    let page = folder.file("page.html")
    let outcome = try Command.nshist(
      "report", "container:\(name)-web", "container:\(name)-db", "--output", page, "--db", copy)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let text = try String(contentsOfFile: page, encoding: .utf8)
    for shown in [
      "\(web.pid) sleep", "\(db.pid) sleep", "\(visitor.pid) ", "container \(name)-web (podman",
      // The visitor has its lane below those of the container.
      ">from outside, in namespaces of \(name)-db<", "shared as usual",
    ] {
      #expect(text.contains(shown), "\(shown)")
    }
    try PageCheck.run(
      page, named: "incident", "--history", copy, "--program", Command.nshist, "--moments", "200")
  }
}
