// Threads of the live /proc.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct LiveThreadTests {
  private let source: ProcfsSource
  private let testProcess: TestProcess
  private let tid: Int32

  init() throws {
    source = ProcfsSource(root: try ProcRoot())
    testProcess = try TestProcess()
    tid = try testProcess.startThread()
  }

  private func thread(_ sample: ProcessSample) -> ProcessSample.Appearance? {
    sample.appeared.first { $0.thread?.tid == tid }
  }

  private func network(_ links: [LinkState]?) -> LinkState? {
    links?[Int(NamespaceLink.net.rawValue)]
  }

  @Test("a thread that leaves its process's namespaces is a task until it ends")
  func leaves() throws {
    source.readsThreads = true
    let first = try source.takeSample()
    let process = try #require(first.appeared.first { $0.facts.pid == testProcess.pid })
    #expect(thread(first) == nil)
    #expect(
      first.threadObservations.contains {
        $0.thread.tid == tid && $0.thread.process == process.token && $0.links == nil
      })
    try testProcess.unshareInThread(CloneFlag.net)
    let found = try #require(thread(try source.takeSample()))
    #expect(found.thread?.process == process.token && found.facts == process.facts)
    #expect(network(found.links) != network(process.links))
    #expect(found.thread?.startTicks ?? 0 >= process.facts.startTicks ?? .max)
    guard case .namespace(let net)? = network(found.links) else {
      Issue.record("\(found.links)")
      return
    }
    #expect((net.kernelID != nil) == (source.identity != .continuity))
    try testProcess.endThread()
    #expect(try source.takeSample().disappeared.contains(found.token))
  }

  @Test(
    "a thread is a task from the exit of the main thread until it executes a program",
    arguments: [false, true])
  func exitedLeader(asked: Bool) throws {
    source.readsThreads = asked
    let process = try #require(
      try source.takeSample().appeared.first { $0.facts.pid == testProcess.pid })
    try testProcess.exitMainThread()
    var sample = try source.takeSample()
    for _ in 0..<100 where !sample.changed.contains(where: { $0.token == process.token }) {
      usleep(10_000)
      sample = try source.takeSample()
    }
    let found = try #require(thread(sample))
    #expect(found.links == process.links && found.thread?.process == process.token)
    try testProcess.execInThread()
    // The process answers the order just before it executes the program.
    usleep(200_000)
    let last = try source.takeSample()
    #expect(last.disappeared.contains(found.token))
    #expect(last.changed.first { $0.token == process.token }?.links == process.links)
  }
}
