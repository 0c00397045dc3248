// Processors that go online and offline. The tests simulate this by a list of processors in a file, and by an event
// that they disable.

import Foundation
import Glibc
import NamespaceEvents
import TestSupport
import Testing

extension LiveTests {
  @Suite(.enabled(if: sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1, "needs two processors"))
  struct ProcessorTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
      folder = try TemporaryFolder()
      path = folder.file("online")
    }

    private func list(_ text: String) throws {
      try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
    }

    /// Runs a program on one processor, and returns its PID.
    private func run(on processor: Int) throws -> Int32 {
      let command = try Command("/usr/bin/taskset", ["-c", "\(processor)", "/bin/true"])
      let pid = command.pid
      _ = try command.wait()
      return pid
    }

    /// Returns whether a listener reports the exit of a process.
    private func reports(_ listener: EventListener, exitOf pid: Int32) -> Bool {
      var events: [KernelEvent] = []
      #expect(listener.drain(into: &events) == [])
      return events.contains { $0.kind == .exit && $0.pid == pid }
    }

    @Test(
      "a processor that goes online is reported as a loss, and one that goes offline is drained once more"
    )
    func comeAndGo() throws {
      try list("0")
      let before = bootTime()
      let listener = try EventListener(ringBytes: 1 << 18, processors: path)
      let opened = bootTime()
      #expect(listener.processorCount == 1)
      let unheard = try run(on: 1)
      #expect(!reports(listener, exitOf: unheard))

      try list("0-1")
      let loss = try #require(try listener.refreshProcessors())
      #expect(loss.cause == .processorsChanged)
      #expect(loss.records == 0)
      #expect((before...opened).contains(loss.after))
      #expect((opened...bootTime()).contains(loss.by))
      #expect(listener.processorCount == 2)
      #expect(try listener.refreshProcessors() == nil)

      let heard = try run(on: 1)
      try list("0")
      #expect(try listener.refreshProcessors() == nil)
      #expect(listener.processorCount == 1)
      #expect(reports(listener, exitOf: heard))
    }

    @Test("an event that the kernel disabled is reopened and reported as a loss")
    func wentAndCameBack() throws {
      let listener = try EventListener(ringBytes: 1 << 18)
      let seen = bootTime()
      #expect(try listener.refreshProcessors() == nil)
      // Disables the event, as a processor does that goes offline and online again (PERF_EVENT_IOC_DISABLE).
      let last = try #require(listener.descriptors.last)
      #expect(ioctl(last, 0x2401, 0) == 0)
      let unheard = try run(on: listener.processorCount - 1)
      #expect(!reports(listener, exitOf: unheard))

      let loss = try #require(try listener.refreshProcessors())
      #expect(loss.cause == .processorsChanged)
      #expect(seen <= loss.after && loss.after < loss.by)
      let heard = try run(on: listener.processorCount - 1)
      #expect(reports(listener, exitOf: heard))
      #expect(try listener.refreshProcessors() == nil)
    }

    @Test("a list that cannot be read leaves the rings as they are")
    func unreadable() throws {
      try list("0-1")
      let listener = try EventListener(ringBytes: 1 << 18, processors: path)
      try list("none")
      #expect(throws: EventsError.self) { try listener.refreshProcessors() }
      #expect(listener.processorCount == 2)
      let heard = try run(on: 1)
      #expect(reports(listener, exitOf: heard))
    }
  }
}
