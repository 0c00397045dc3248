// The rings of a listener on the running kernel: their size, their losses and their descriptors.

import CLinux
import Glibc
import NamespaceEvents
import TestSupport
import Testing

extension LiveTests {
  struct ListenerTests {
    /// Returns how many perf events this process has open.
    private func openEvents() throws -> Int {
      var count = 0
      for descriptor in Int32(0)..<1024 {
        var target = [CChar](repeating: 0, count: 64)
        let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
        guard length > 0 else { continue }
        let bytes = target.prefix(length).map(UInt8.init(bitPattern:))
        if String(decoding: bytes, as: UTF8.self).contains("perf_event") { count += 1 }
      }
      return count
    }

    /// Returns how many rings are mapped into this process.
    private func mappedRings() throws -> Int {
      let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
      try #require(file >= 0)
      defer { close(file) }
      var text: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = read(file, &chunk, chunk.count), count > 0 {
        text.append(contentsOf: chunk.prefix(count))
      }
      return String(decoding: text, as: UTF8.self).split(separator: "\n")
        .count { $0.contains("perf_event") }
    }

    @Test("a ring that overflows reports a loss with the times before and after it")
    func loss() throws {
      let before = bootTime()
      let listener = try EventListener(ringBytes: 1)
      #expect(listener.ringBytes == sysconf(Int32(_SC_PAGESIZE)))
      let burst = "i=0; while [ $i -lt 300 ]; do (:); i=$((i + 1)); done"
      _ = try Command.run("/bin/sh", ["-c", burst])
      var events: [KernelEvent] = []
      let losses = listener.drain(into: &events)
      let after = bootTime()
      #expect(!losses.isEmpty)
      for loss in losses {
        #expect(loss.cause == .ringFull)
        #expect(loss.records > 0)
        #expect(before <= loss.after && loss.after < loss.by && loss.by <= after)
      }
      // Each of the 300 processes causes at least a fork, a namespaces and an exit record.
      #expect(UInt64(events.count) + losses.reduce(0) { $0 + $1.records } >= 900)
      // The listener goes on.
      events = []
      let command = try Command("/bin/true", [])
      let pid = command.pid
      _ = try command.wait()
      let later = listener.drain(into: &events)
      #expect(events.contains { $0.pid == pid && $0.kind == .exit } || !later.isEmpty)
    }

    @Test("the reported number of lost records is the number that the kernel counts")
    func lossOnce() throws {
      let listener = try EventListener(ringBytes: 1)
      var events: [KernelEvent] = []
      var reported: UInt64 = 0
      for length in [60, 3, 90, 1, 1, 40, 120, 2] {
        let burst = "i=0; while [ $i -lt \(length) ]; do (:); i=$((i + 1)); done"
        _ = try Command.run("/bin/sh", ["-c", burst])
        reported += listener.drain(into: &events).reduce(0) { $0 + $1.records }
      }
      var counted: UInt64 = 0
      // The last descriptors are those of the rings with the records. The first ones are those of the wakeup events,
      // whose rings of one page overflow by design.
      for descriptor in listener.descriptors.suffix(listener.processorCount) {
        var counts = clinux_event_counts()
        try #require(clinux_read_event_counts(descriptor, &counts) == 0)
        // A kernel that does not count lost records reports the last loss only when there is room in the ring again.
        guard counts.reports_lost != 0 else { return }
        counted += counts.lost
      }
      #expect(reported == counted)
      #expect(reported > 0)
    }

    @Test("a descriptor polls as readable when there are records to drain")
    func poll() throws {
      let listener = try EventListener(ringBytes: 1 << 18)
      _ = try Command.run("/bin/true", [])
      var waits = listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      #expect(Glibc.poll(&waits, nfds_t(waits.count), 5000) > 0)
      #expect(waits.contains { $0.revents == Int16(POLLIN) })
      var events: [KernelEvent] = []
      #expect(listener.drain(into: &events) == [])
      #expect(!events.isEmpty)
    }

    @Test("a quiet listener causes no wakeup and loses no event")
    func quiet() throws {
      let listener = try EventListener(ringBytes: 1 << 18)
      listener.isQuiet = true
      var events: [KernelEvent] = []
      #expect(listener.drain(into: &events) == [])
      let command = try Command("/bin/true", [])
      let pid = command.pid
      _ = try command.wait()
      var waits = listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      #expect(waits.count == listener.processorCount)
      #expect(Glibc.poll(&waits, nfds_t(waits.count), 50) == 0)
      #expect(listener.drain(into: &events) == [])
      #expect(events.contains { $0.pid == pid && $0.kind == .exit })
      listener.isQuiet = false
      _ = try Command.run("/bin/true", [])
      waits = listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      #expect(Glibc.poll(&waits, nfds_t(waits.count), 5000) > 0)
    }

    @Test("a listener that is released closes its events and unmaps its rings")
    func release() throws {
      let before = try openEvents()
      let mapped = try mappedRings()
      for _ in 0..<50 {
        let listener = try EventListener(ringBytes: 1 << 14)
        try #require(openEvents() == before + 2 * listener.processorCount)
        try #require(mappedRings() == mapped + 2 * listener.processorCount)
        #expect(listener.descriptors.count == 2 * listener.processorCount)
        withExtendedLifetime(listener) {}
      }
      #expect(try openEvents() == before)
      #expect(try mappedRings() == mapped)
    }

    @Test("a ring that no machine has memory for is an error, and nothing stays open")
    func tooLarge() throws {
      let before = try openEvents()
      let error = #expect(throws: EventsError.self) { try EventListener(ringBytes: .max) }
      #expect(error?.operation == .map(ringBytes: 1 << 46))
      #expect(try openEvents() == before)
    }

    @Test("rings that would take too much memory are refused, or smaller ones are taken")
    func memory() throws {
      let online = try EventListener(ringBytes: 1)
      let count = online.processorCount
      let before = try openEvents()
      let most = count << 20
      let error = #expect(throws: EventsError.self) {
        try EventListener(ringBytes: 1 << 24, memory: most)
      }
      #expect(error?.operation == .fit(ringBytes: 1 << 24, processors: count))
      do {
        let listener = try EventListener(ringBytes: 1 << 24, shrinks: true, memory: most)
        #expect(listener.ringBytes == 1 << 20)
      }
      // Even the smallest ring is larger than this limit.
      let least = #expect(throws: EventsError.self) {
        try EventListener(ringBytes: 1 << 24, shrinks: true, memory: count << 12)
      }
      #expect(least?.operation == .fit(ringBytes: 1 << 24, processors: count))
      #expect(try openEvents() == before)
      withExtendedLifetime(online) {}
      #expect(EventListener.memoryLimit > 1 << 20)
    }
  }
}
