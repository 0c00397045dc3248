// The events that the running kernel reports for processes that the tests start.

import CLinux
import Glibc
import NamespaceEvents
import NamespaceModel
import TestSupport
import Testing

/// Tests that open events run one after the other, since some of them count the open files of the process.
@Suite(
  .ownsProcesses, .serialized,
  .enabled(
    if: clinux_check_namespace_events() == 0,
    "needs CAP_PERFMON, and a kernel with perf events: perf_event_open"))
enum LiveTests {}

/// Returns the current time of the boot clock.
func bootTime() -> BootTime { ClockReading.now().boot }

extension LiveTests {
  struct EventTests {
    private let listener: EventListener

    init() throws { listener = try EventListener(ringBytes: 1 << 18) }

    /// Drains the listener, and returns the events of these processes in the order of time.
    private func events(of pids: Set<Int32>) -> [KernelEvent] {
      var events: [KernelEvent] = []
      #expect(listener.drain(into: &events) == [])
      return events.filter { pids.contains($0.pid) }.sorted { $0.time < $1.time }
    }

    private func netInodes(_ events: [KernelEvent]) -> [UInt64?] {
      events.compactMap { event -> UInt64?? in
        guard case .namespaces(let inodes) = event.kind else { return nil }
        return inodes[.net]
      }
    }

    @Test("the kernel reports the fork, namespaces, exec and exit of a program")
    func program() throws {
      let before = bootTime()
      let command = try Command("/bin/true", [])
      let pid = command.pid
      _ = try command.wait()
      let after = bootTime()
      let events = events(of: [pid])
      let kinds = events.map { event in
        switch event.kind {
        case .fork(let parentPID, _): "fork by \(parentPID == getpid() ? "this" : "other")"
        case .namespaces: "namespaces"
        case .comm(let name, let isExec):
          "\(isExec ? "exec" : "name") \(String(decoding: name.bytes, as: UTF8.self))"
        case .exit: "exit"
        case .state: "state"
        }
      }
      #expect(kinds == ["fork by this", "namespaces", "exec true", "exit"])
      for event in events {
        #expect((before...after).contains(event.time))
        #expect(event.tid == pid)
      }
    }

    @Test("unshare is reported with the inode number of the link in proc")
    func unshare() throws {
      let command = try Command("/usr/bin/unshare", ["--net", "readlink", "/proc/self/ns/net"])
      let pid = command.pid
      let link = try command.wait()
      try #require(link.status == 0, "\(link.messages)")
      let inodes = netInodes(events(of: [pid]))
      #expect(inodes.count == 2)
      #expect(inodes.first != inodes.last)
      #expect(inodes.last == UInt64(link.output.filter(\.isNumber)))
    }

    @Test("all seven types are reported as the links in proc show them")
    func allTypes() throws {
      let process = try TestProcess()
      try process.unshare(CloneFlag.uts | CloneFlag.ipc)
      var wanted: [NamespaceType: UInt64] = [:]
      for type in NamespaceType.allCases where type != .time {
        var status = stat()
        try #require(stat("/proc/\(process.pid)/ns/\(type)", &status) == 0)
        wanted[type] = UInt64(status.st_ino)
      }
      #expect(events(of: [process.pid]).last?.kind == .namespaces(NamespaceInodes(wanted)))
    }

    @Test("a process that enters another namespace is reported with its inode number")
    func enter() throws {
      let first = try TestProcess()
      let second = try TestProcess()
      try first.unshare(CloneFlag.net)
      try second.enter(first.pid, CloneFlag.net)
      let events = events(of: [first.pid, second.pid])
      let firsts = netInodes(events.filter { $0.pid == first.pid })
      let seconds = netInodes(events.filter { $0.pid == second.pid })
      #expect(firsts.count == 2 && seconds.count == 2)
      #expect(firsts.first == seconds.first)
      #expect(firsts.last == seconds.last)
      #expect(firsts.first != firsts.last)
    }

    @Test("the records of each ring are in the order of time")
    func order() throws {
      _ = try Command.run("/bin/sh", ["-c", "for i in 1 2 3 4 5 6 7 8; do /bin/true; done"])
      var events: [KernelEvent] = []
      #expect(listener.drain(into: &events) == [])
      // The listener drains one ring after the other, so time goes back only where the next ring begins.
      let backs = zip(events, events.dropFirst()).count { $1.time < $0.time }
      #expect(backs < listener.processorCount)
    }
  }
}
