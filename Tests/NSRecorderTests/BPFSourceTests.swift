// Samples by BPF of the running kernel, held against samples of its /proc.

import Foundation
import NSRecorder
import NamespaceBPF
import NamespaceModel
import Procfs
import TestSupport
import Testing

/// Applies the samples of a source, and holds the state after each.
private final class Follower {
  struct Task: Equatable {
    var facts: ProcessFacts
    var thread: ThreadFacts?
    var description: ProcessDescription
    var links: [LinkState]
  }

  private let source: any SampleSource
  private(set) var tasks: [ProcessToken: Task] = [:]
  private(set) var related: [NamespaceRelations] = []
  private(set) var last = ProcessSample(start: .now())

  init(_ source: any SampleSource) { self.source = source }

  func take() throws {
    last = try source.takeSample()
    for token in last.disappeared {
      #expect(tasks[token] != nil)
      tasks[token] = nil
    }
    for appearance in last.appeared {
      #expect(tasks[appearance.token] == nil)
      var description = appearance.description
      description.parentPID = appearance.facts.parentPID
      tasks[appearance.token] = Task(
        facts: appearance.facts, thread: appearance.thread, description: description,
        links: appearance.links)
    }
    for change in last.changed {
      #expect(tasks[change.token] != nil)
      tasks[change.token]?.links = change.links
    }
    for redescription in last.described {
      tasks[redescription.token]?.description.update(redescription.description)
    }
    related += last.related
  }

  func process(_ pid: Int32) -> Task? {
    tasks.values.first { $0.thread == nil && $0.facts.pid == pid }
  }

  func thread(_ tid: Int32) -> Task? { tasks.values.first { $0.thread?.tid == tid } }
}

@Suite(.ownsProcesses, .enabled(if: (try? TaskPrograms()) != nil && geteuid() == 0, "needs BPF"))
struct BPFSourceTests {
  private let source: BPFSource
  private let bpf: Follower
  private let proc: Follower

  init() throws {
    let root = try ProcRoot()
    let identity = IdentitySource.probe(root)
    try #require(identity != .continuity, "needs namespace ids")
    source = BPFSource(try TaskPrograms(), root, identity)
    bpf = Follower(source)
    let procfs = ProcfsSource(root: root, identity: identity)
    procfs.readsThreads = true
    proc = Follower(procfs)
  }

  private func take() throws {
    try proc.take()
    try bpf.take()
  }

  /// Compares a task of this test by both sources. Its token differs.
  private func expectSame(_ pid: Int32, tid: Int32? = nil, _ what: Comment) throws {
    try take()
    // A description that changed right before a sample of /proc may be read in the next one.
    try take()
    var one = tid.map { bpf.thread($0) } ?? bpf.process(pid)
    var two = tid.map { proc.thread($0) } ?? proc.process(pid)
    one?.thread?.process = nil
    two?.thread?.process = nil
    // /proc shows a process whose main thread has exited in the root of each hierarchy of version 1, although it is in
    // another cgroup.
    if two?.links[0] == .unread(.zombie) {
      one?.description.cgroup = nil
      two?.description.cgroup = nil
    }
    #expect(one == two, what)
    #expect(one != nil, what)
  }

  @Test("a command line that could not be read in the middle of an exec is read by a later sample")
  func midExec() throws {
    let process = try TestProcess()
    try process.showArguments(false)
    let follower = Follower(source)
    try follower.take()
    let met = try #require(follower.process(process.pid))
    #expect(met.description.program?.commandLine == nil, "\(met)")
    try process.showArguments(true)
    try follower.take()
    let line = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process.pid)/cmdline"))
    let read = follower.process(process.pid)?.description.program?.commandLine
    #expect(
      read.map { line.starts(with: $0) } == true && !line.isEmpty, "\(String(describing: read))")
  }

  @Test("every process that rests has the facts, the description and the links of /proc")
  func processes() throws {
    let resting = try (0..<3).map { _ in try TestProcess(in: CloneFlag.uts) }
    for _ in 0..<3 { try take() }
    let before = proc.tasks
    // The sample by BPF lies between two samples of /proc.
    try proc.take()
    var (compared, moved) = (0, 0)
    for task in before.values where task.thread == nil {
      // Other tests run meanwhile; a process that is the same in two samples of /proc rested between them.
      guard proc.process(task.facts.pid) == task else { continue }
      var other = try #require(bpf.process(task.facts.pid), "\(task.facts)")
      // A worker of the kernel shows its current work as its name.
      if task.facts.isKernelThread { other.description.comm = task.description.comm }
      var expected = task
      if other.facts.parentPID != expected.facts.parentPID {
        expected.facts.parentPID = other.facts.parentPID
      }
      // A sample of /proc reads the cgroup of a process at rest only now and then, and a process of another test may
      // have moved. A zombie that was seen alive keeps its cgroup, where /proc shows roots.
      if other.description.cgroup != expected.description.cgroup,
        !resting.contains(where: { $0.pid == task.facts.pid })
      {
        expected.description.cgroup = other.description.cgroup
        moved += 1
      }
      #expect(other == expected)
      compared += 1
    }
    #expect(compared > 20 && moved * 4 < compared && bpf.process(resting[0].pid) != nil)
    #expect(bpf.last.initialInodes == proc.last.initialInodes)
    #expect(bpf.last.counts.denied == proc.last.counts.denied)
    #expect(bpf.last.counts.firstDenied == proc.last.counts.firstDenied)
  }

  @Test("a process that changes its namespaces has one change, and the links of /proc")
  func changes() throws {
    let process = try TestProcess()
    try take()
    for flag in [
      CloneFlag.uts, CloneFlag.net, CloneFlag.ipc, CloneFlag.cgroup, CloneFlag.time,
      CloneFlag.pid,
    ] {
      try process.unshare(flag)
      try bpf.take()
      #expect(
        bpf.last.changed.count { bpf.tasks[$0.token]?.facts.pid == process.pid } == 1, "\(flag)")
      try expectSame(process.pid, "\(flag)")
    }
    let child = try process.startChild()
    defer { kill(child, SIGKILL) }
    try expectSame(process.pid, "with a child")
    try expectSame(child, "the child")
    try process.exit()
    try take()
    #expect(bpf.process(process.pid) == nil)
  }

  @Test("a process of user namespaces has the relations that /proc gives")
  func relations() throws {
    let process = try TestProcess(in: CloneFlag.user | CloneFlag.net | CloneFlag.pid)
    try expectSame(process.pid, "in a user namespace")
    let links = try #require(bpf.process(process.pid)).links
    for case .namespace(let namespace) in links {
      let one = bpf.related.first { $0.namespace == namespace }
      let two = proc.related.first { $0.namespace == namespace }
      #expect(one == two, "\(namespace)")
    }
    // Each namespace is reported once.
    #expect(Set(bpf.related.map(\.namespace)).count == bpf.related.count)
  }

  @Test("a zombie is one for both sources, until it is reaped")
  func zombie() throws {
    let process = try TestProcess(in: CloneFlag.uts)
    try take()
    try process.exit(reap: false)
    try expectSame(process.pid, "the zombie")
    let links = try #require(bpf.process(process.pid)).links
    #expect(links[Int(NamespaceLink.uts.rawValue)] == .unread(.zombie))
    try process.reap()
    try take()
    #expect(bpf.process(process.pid) == nil)
    // A source that never saw it alive.
    let other = try TestProcess()
    try other.exit(reap: false)
    try expectSame(other.pid, "a new zombie")
  }

  @Test("a thread is a task from the moment at which it differs, with the origin of /proc")
  func threads() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    try take()
    #expect(bpf.thread(tid) == nil)
    try process.unshareInThread(CloneFlag.net)
    try expectSame(process.pid, tid: tid, "moved")
    guard case .moved? = bpf.thread(tid)?.thread?.origin else {
      Issue.record("\(String(describing: bpf.thread(tid)))")
      return
    }
    try process.returnThread(CloneFlag.net)
    try expectSame(process.pid, tid: tid, "returned")
    try process.endThread()
    try take()
    try take()
    #expect(bpf.thread(tid) == nil && proc.thread(tid) == nil)
  }

  @Test("a thread in the namespaces of its process is listed where that is asked for")
  func sharingThreads() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    try bpf.take()
    #expect(!bpf.last.hasSharingThreads && bpf.last.hasThreads)
    #expect(!bpf.last.threadObservations.contains { $0.thread.tid == tid })
    source.readsSharingThreads = true
    try take()
    #expect(bpf.last.hasSharingThreads)
    let listed = bpf.last.threadObservations.filter { $0.pid == process.pid }
    let read = proc.last.threadObservations.filter { $0.pid == process.pid }
    #expect(listed.map(\.thread.tid) == [tid] && listed.first?.links == nil)
    #expect(listed.first?.thread.startTicks == read.first?.thread.startTicks)
    let token = bpf.tasks.first { $0.value.facts.pid == process.pid }?.key
    #expect(listed.first?.thread.process == token)
    // A thread that has left them is a task of its own.
    try process.unshareInThread(CloneFlag.net)
    try bpf.take()
    #expect(bpf.last.threadObservations.allSatisfy { $0.pid != process.pid })
    #expect(bpf.thread(tid) != nil)
  }

  @Test("a thread that the process left behind is not said to have moved")
  func leftBehind() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    try take()
    try process.unshare(CloneFlag.uts)
    try expectSame(process.pid, tid: tid, "left behind")
    #expect(bpf.thread(tid)?.thread?.origin == .unknown)
    try expectSame(process.pid, "the process")
  }

  @Test("a thread outlives the main thread, until it executes a program")
  func exitedMainThread() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    try take()
    try process.exitMainThread()
    for _ in 0..<200 where bpf.thread(tid) == nil || proc.thread(tid) == nil {
      usleep(10_000)
      try take()
    }
    try expectSame(process.pid, tid: tid, "the thread")
    try expectSame(process.pid, "the process")
    try process.execInThread()
    for _ in 0..<200 where bpf.thread(tid) != nil || proc.thread(tid) != nil {
      usleep(10_000)
      try take()
    }
    try expectSame(process.pid, "after the exec")
    #expect(bpf.thread(tid) == nil)
  }

  @Test("processes in nested pid namespaces have their PIDs in each", arguments: [2, 5])
  func nested(levels: Int) throws {
    let command = try Command.sleep(inNestedPIDNamespaces: levels)
    defer { command.signal(SIGKILL) }
    var found: Int32?
    for _ in 0..<500 where found == nil {
      usleep(10_000)
      try take()
      var pids: Set<Int32> = [command.pid]
      for _ in 0...levels {
        pids.formUnion(
          bpf.tasks.values.filter { pids.contains($0.facts.parentPID) }.map(\.facts.pid))
      }
      found = pids.first { pid in
        guard let task = bpf.process(pid) else { return false }
        return task.facts.nspid.count == levels + 1 && task.description.comm == Array("sleep".utf8)
      }
    }
    try expectSame(try #require(found), "\(levels) levels")
  }

  @Test("a PID that is used again is another process")
  func reuse() throws {
    let first = try TestProcess()
    try take()
    let token = try #require(bpf.tasks.first { $0.value.facts.pid == first.pid }).key
    try first.exit()
    guard let second = try TestProcess.reusing(first.pid) else { return }
    try bpf.take()
    #expect(bpf.last.disappeared.contains(token))
    #expect(bpf.process(second.pid) != nil)
  }

  @Test("a machine at rest has no changes")
  func rest() throws {
    let process = try TestProcess()
    try bpf.take()
    for _ in 0..<20 {
      try bpf.take()
      let mine = { self.bpf.tasks[$0]?.facts.pid == process.pid }
      #expect(!bpf.last.changed.contains { mine($0.token) })
      #expect(!bpf.last.described.contains { mine($0.token) })
    }
  }
}
