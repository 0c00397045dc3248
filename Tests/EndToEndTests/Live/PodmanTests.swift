// Containers of podman(1), selected by name. Two of them share a network, as in a pod.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: Podman.runs, "\(Podman.need)"))
struct PodmanTests {
  @Test("containers are selected by name without their monitors, and `same` says what they share")
  func named() throws {
    let podman = try Podman()
    let name = "nshist-\(getpid())"
    let one = try podman.start(name)
    let other = try podman.start(name + "-other", network: "container:\(name)")
    let recording = try LiveRecording(interval: "100ms")
    try recording.waitForSamples(3)
    for name in [name, name + "-other"] { try recording.waitForContainer(name) }
    try recording.settle()
    for (container, name) in [(one, name), (other, name + "-other")] {
      let rows = try recording.ask("processes", "--container", name)
      // conmon(8), the monitor, is in another cgroup.
      #expect(rows.compactMap(\.pid) == [Int(container.pid)], "\(rows)")
      #expect(rows.first?["container"] == container.id && rows.first?["engine"] == "podman")
      #expect(rows.first?["container_name"] == name)
      let first = try recording.ask("history", "container:\(container.id.prefix(12))")
      #expect(!first.isEmpty && first.allSatisfy { $0.pid == Int(container.pid) })
    }
    for (type, status) in [("net", 0), ("mnt", 1), ("pid", 1), ("user", 0)] as [(String, Int32)] {
      let same = try Command.nshist(
        "query", "same", "container:\(name)", "container:\(name)-other", "--type", type,
        "--db", recording.database)
      #expect(same.status == status, "\(type): \(same.output)")
      #expect(same.output.contains("in container \(name) (podman "), "\(same.output)")
    }
    let peers = try recording.ask("peers", "container:\(name)", "--type", "net")
    #expect(peers.contains { $0.pid == Int(other.pid) }, "\(peers)")
  }
}
