// Passes over the tasks of the running kernel, held against its /proc.

import Foundation
import NamespaceBPF
import NamespaceModel
import Procfs
import TestSupport
import Testing

enum LivePrograms {
  /// Whether the kernel runs the task program here.
  static let areThere = (try? TaskPrograms()) != nil

  static let need = "needs libbpf, BTF, CAP_BPF and CAP_PERFMON"
}

extension TaskPass {
  var all: [TaskRecord] { (0..<count).map { self[$0] } }

  subscript(tid tid: Int32) -> TaskRecord? { all.first { $0.tid == tid } }

  /// The namespaces of a task, with those of kthreadd filled in.
  func namespaces(_ record: TaskRecord) -> InlineArray<10, TaskNamespace>? {
    record.namespaces ?? self[tid: 2]?.namespaces
  }
}

@Suite(.ownsProcesses, .enabled(if: LivePrograms.areThere, "\(LivePrograms.need)"))
struct LiveTaskPassTests {
  private let programs: TaskPrograms
  private let root: ProcRoot
  private let probe: TaskProbe
  private let hasIDs: Bool

  init() throws {
    programs = try TaskPrograms()
    root = try ProcRoot()
    let identity = IdentitySource.probe(root)
    hasIDs = identity != .continuity
    probe = TaskProbe(root: root, identity: identity)
  }

  private func pass() throws -> TaskPass {
    var pass = TaskPass()
    try programs.read(into: &pass)
    return pass
  }

  /// The state of a process that /proc shows.
  private struct Shown: Equatable {
    let stat: StatLine
    let links: [TaskProbe.Link]?
  }

  private func shown() throws -> [Int32: Shown] {
    var all: [Int32: Shown] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
      guard let pid = Int32(name), case .success(let text) = root.read("\(pid)/stat"),
        let stat = StatLine(text)
      else { continue }
      all[pid] = Shown(
        stat: stat, links: probe.links(of: pid, NamespaceLink.allCases, whileRunning: false))
    }
    return all
  }

  /// What /proc shows of a link according to a record.
  private func link(
    _ link: NamespaceLink, _ record: TaskRecord, _ namespaces: InlineArray<10, TaskNamespace>
  ) -> TaskProbe.Link {
    if record.hasExited, link != .pid, link != .user { return .unread(.unsupported) }
    if link == .pidForChildren, record.childrenArePending { return .unread(.pending) }
    let namespace = namespaces[Int(link.rawValue)]
    return .namespace(inode: UInt64(namespace.inode), id: hasIDs ? namespace.id : nil)
  }

  @Test("every process has the links, the start time and the description that /proc shows")
  func processes() throws {
    var compared = 0
    for _ in 0..<5 {
      let before = try shown()
      let pass = try pass()
      let after = try shown()
      for (pid, process) in before where after[pid] == process {
        guard let links = process.links, links.allSatisfy({ $0 != .unread(.denied) }) else {
          continue
        }
        let record = try #require(pass[tid: pid], "\(process.stat)")
        #expect(record.isProcess && record.parent == process.stat.parentPID, "\(pid)")
        #expect(record.start / 10_000_000 == process.stat.startTicks, "\(pid)")
        #expect(record.isKernelThread == process.stat.isKernelThread, "\(pid)")
        #expect(record.isExiting == process.stat.isExiting, "\(pid)")
        if !record.isKernelThread { #expect(record.comm == process.stat.comm, "\(pid)") }
        let namespaces = try #require(pass.namespaces(record))
        guard !record.isDeep else { continue }
        for (index, shown) in links.enumerated() {
          let name = try #require(NamespaceLink(rawValue: UInt8(index)))
          // A zombie that /proc shows has lost the links; the probe then reads them as unsupported or pending.
          guard !record.hasExited || name != .pidForChildren else { continue }
          #expect(link(name, record, namespaces) == shown, "\(pid) \(name)")
        }
        compared += 1
      }
    }
    #expect(compared > 50)
  }

  @Test("a thread has a record only while its namespaces may differ from those of its process")
  func threads() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    #expect(try pass()[tid: tid] == nil)
    try process.unshareInThread(CloneFlag.net)
    let first = try pass()
    let record = try #require(first[tid: tid])
    let leader = try #require(first[tid: process.pid])
    #expect(record.pid == process.pid && !record.isProcess && record.start >= leader.start)
    let net = Int(NamespaceLink.net.rawValue)
    #expect(first.namespaces(record)?[net] != first.namespaces(leader)?[net])
    // Its nsproxy is another one also where all namespaces are the same.
    try process.returnThread(CloneFlag.net)
    let second = try pass()
    #expect(
      second[tid: tid].flatMap { second.namespaces($0)?[net] } == second.namespaces(leader)?[net])
    try process.endThread()
    try eventually("the thread is gone") { try pass()[tid: tid] == nil }
  }

  @Test("a thread outlives the main thread, and takes its PID when it executes a program")
  func exitedMainThread() throws {
    let process = try TestProcess()
    let tid = try process.startThread()
    let start = try #require(try pass()[tid: process.pid]).start
    try process.exitMainThread()
    try eventually("the main thread has exited") {
      try pass()[tid: process.pid]?.hasExited == true
    }
    let record = try #require(try pass()[tid: tid])
    #expect(!record.hasExited && record.pid == process.pid)
    try process.execInThread()
    try eventually("the program runs") { try pass()[tid: process.pid]?.hasExited == false }
    let last = try pass()
    #expect(last[tid: process.pid]?.start == start && last[tid: tid] == nil)
  }

  @Test("a zombie has its pid and user namespaces, and no others, until it is reaped")
  func zombie() throws {
    let process = try TestProcess(in: CloneFlag.uts | CloneFlag.user)
    let alive = try #require(try pass()[tid: process.pid])
    try process.exit(reap: false)
    let zombie = try #require(try pass()[tid: process.pid])
    #expect(zombie.hasExited && zombie.start == alive.start && zombie.cgroup == alive.cgroup)
    let namespaces = try #require(zombie.namespaces)
    #expect(namespaces[Int(NamespaceLink.user.rawValue)] == alive.namespaces?[8])
    #expect(namespaces[Int(NamespaceLink.pid.rawValue)] == alive.namespaces?[4])
    #expect(namespaces[Int(NamespaceLink.uts.rawValue)].inode == 0)
    try process.reap()
    #expect(try pass()[tid: process.pid] == nil)
  }

  @Test("a pid namespace for children is pending until its first process starts")
  func pendingChildren() throws {
    let process = try TestProcess()
    #expect(try pass()[tid: process.pid]?.childrenArePending == false)
    try process.unshare(CloneFlag.pid)
    #expect(try pass()[tid: process.pid]?.childrenArePending == true)
    let child = try process.startChild()
    // The child is the init process of its pid namespace, which ignores the alarm that would end it.
    defer { kill(child, SIGKILL) }
    let pass = try pass()
    #expect(pass[tid: process.pid]?.childrenArePending == false)
    let record = try #require(pass[tid: child])
    #expect(record.level == 1 && record.nested == [1])
    #expect(record.namespaces?[4] == pass[tid: process.pid]?.namespaces?[5])
  }

  @Test("a process has its PID of each nested pid namespace, up to three", arguments: 1...5)
  func nested(levels: Int) throws {
    let command = try Command.sleep(inNestedPIDNamespaces: levels)
    defer { command.signal(SIGKILL) }
    var found: TaskRecord?
    try eventually("the process") {
      let records = try pass().all
      var pids: Set<Int32> = [command.pid]
      for _ in 0...levels {
        pids.formUnion(records.filter { pids.contains($0.parent) }.map(\.pid))
      }
      found = records.first {
        pids.contains($0.pid) && $0.level == UInt32(levels) && $0.comm == Array("sleep".utf8)
      }
      return found != nil
    }
    let record = try #require(found)
    #expect(record.isDeep == (levels > 3))
    guard !record.isDeep else { return }
    let text = try #require(try? root.read("\(record.pid)/status").get())
    #expect([record.pid] + record.nested == StatusText(text)?.nspid)
    let probed = try #require(probe.links(of: record.pid, [.pid], whileRunning: true)?.first)
    #expect(link(.pid, record, try #require(record.namespaces)) == probed)
  }

  @Test("time namespaces are those of the process and of its children")
  func time() throws {
    let process = try TestProcess()
    try process.unshare(CloneFlag.time)
    let pass = try pass()
    let record = try #require(pass[tid: process.pid])
    let namespaces = try #require(pass.namespaces(record))
    let probed = probe.links(of: process.pid, [.time, .timeForChildren], whileRunning: true)
    #expect(probed?.first == link(.time, record, namespaces))
    #expect(probed?.last == link(.timeForChildren, record, namespaces))
    #expect(probed?.first != probed?.last)
  }

  @Test("a process that lives all the time is in every pass, whatever starts and ends meanwhile")
  func storm() throws {
    let steady = try (0..<5).map { _ in try TestProcess() }
    let storm = try (0..<2).map { _ in
      try Command("/bin/sh", ["-c", "while :; do /bin/true & /bin/true; wait; done"])
    }
    defer { for command in storm { command.signal(SIGKILL) } }
    var all = TaskPass()
    for _ in 0..<1500 {
      try programs.read(into: &all)
      let tids = Set((0..<all.count).map { all.tid($0) })
      #expect(tids.count == all.count)
      #expect(tids.isSuperset(of: steady.map(\.pid)) && tids.contains(getpid()))
    }
  }

  @Test("a process is in every pass while a thread of it executes a program")
  func execOfThread() throws {
    var all = TaskPass()
    for _ in 0..<20 {
      let process = try TestProcess()
      _ = try process.startThread()
      try process.execInThread()
      for _ in 0..<100 {
        try programs.read(into: &all)
        #expect(all[tid: process.pid] != nil)
      }
      try process.exit()
    }
  }
}
