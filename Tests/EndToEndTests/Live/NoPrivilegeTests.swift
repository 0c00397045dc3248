// Without the privilege for kernel events, a recorder takes samples only and logs that; with `--events on` it ends.

import Foundation
import TestSupport
import Testing

@Suite(
  .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"),
  .enabled(
    if: LiveEvents.areForbiddenToOthers,
    "kernel.perf_event_paranoid lets every user listen to events"))
struct NoPrivilegeTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try chmod(folder.path, to: 0o777)
  }

  private func record(_ options: [String]) throws -> Command.Outcome {
    try OtherUser.nshist(
      ["record", "--interval", "50ms", "--samples", "3", "--db", folder.file("history.db")]
        + options, dropping: OtherUser.everyCapability)
  }

  @Test("without the privilege the recorder takes samples, and logs once what would allow events")
  func auto() throws {
    for options in [[], ["--events", "auto"]] {
      let outcome = try record(options)
      #expect(outcome.status == 0, "\(outcome.messages)")
      let lines = outcome.messages.split(separator: "\n").filter { $0.contains("samples only") }
      #expect(lines.count == 1, "\(outcome.messages)")
      #expect(lines.first?.contains("CAP_PERFMON") == true)
      #expect(outcome.messages.contains("samples from /proc, not by BPF: "))
      #expect(outcome.messages.contains("; no events in between; "))
      #expect(outcome.messages.contains("3 samples"))
    }
  }

  @Test("without the privilege a recorder with --events on ends")
  func on() throws {
    expectRefusal(try record(["--events", "on"]), 77, saying: "CAP_PERFMON")
  }

  @Test("without the privilege a recorder with --events off logs nothing about it")
  func off() throws {
    let outcome = try record(["--source", "proc", "--events", "off"])
    #expect(outcome.status == 0)
    #expect(!outcome.messages.contains("CAP_PERFMON"))
  }
}
