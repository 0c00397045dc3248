// The kernel IDs of namespaces that a process makes in several steps, one directly after another.

import Foundation
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct NamespaceIDTests {
  @Test("every namespace that a sample has read has its kernel ID")
  func severalSteps() throws {
    let recording = try LiveRecording(interval: "500ms", ["--events", "on"])
    let process = try TestProcess()
    for flag in [CloneFlag.net, CloneFlag.uts, CloneFlag.ipc, CloneFlag.mnt] {
      try process.unshare(flag)
    }
    try recording.waitForSamples(3)
    let initial = try recording.ask("history", "1").last
    let last = try recording.ask("history", "\(process.pid)").last?.row("namespaces")
    // Skips kernels without IDs.
    guard initial?.row("namespaces")?.row("cgroup")?.number("id") != nil else { return }
    for type in ["net", "uts", "ipc", "mnt"] {
      let namespace = last?.row(type)
      #expect(namespace?.flag("initial") == false)
      #expect(namespace?.number("id") != nil, "\(type): \(namespace as Any)")
    }
  }
}
