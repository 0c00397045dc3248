// Processes selected by the PIDs that they have inside a pid namespace.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct InnerNumberTests {
  private let history: SmallHistory
  private static let outer = SmallHistory.namespace(.pid, 2)
  private static let inner = SmallHistory.namespace(.pid, 3)
  private static let id = String(repeating: "0123456789abcdef", count: 4)

  init() throws {
    history = try SmallHistory()
    let cgroup = "0::/docker/\(Self.id)"
    try history.sample(
      [
        .init(pid: 1),
        .init(pid: 100, nspid: [100, 1], cgroup: cgroup, elsewhere: [.pid: 2]),
        .init(pid: 101, nspid: [101, 7], cgroup: cgroup, elsewhere: [.pid: 2]),
        .init(pid: 102, nspid: [102, 8, 1], elsewhere: [.pid: 3]),
        .init(pid: 103, nspid: [103, 9, 7], elsewhere: [.pid: 3]),
        // Only an event reported this process, so its inner PIDs are not known.
        .init(pid: 7, nspid: [7], elsewhere: [.pid: 2]),
      ],
      related: [
        .init(namespace: Self.inner, owner: nil, parent: Self.outer, ownerUID: nil),
        .init(namespace: Self.outer, owner: nil, parent: SmallHistory.shown, ownerUID: nil),
      ])
  }

  private func pids(
    _ reader: HistoryReader, _ number: Int64, _ inside: ProcessSelector.PIDNamespaces
  ) throws -> [Int64] {
    try reader.processes(.inner(number, inside)).map(\.pid)
  }

  @Test("a PID inside a pid namespace also selects processes of nested pid namespaces")
  func numbers() throws {
    let reader = try history.end()
    let outer = ProcessSelector.PIDNamespaces.selected(.inode(.pid, Self.outer.inode))
    let inner = ProcessSelector.PIDNamespaces.selected(.inode(.pid, Self.inner.inode))
    let shown = ProcessSelector.PIDNamespaces.selected(.inode(.pid, SmallHistory.shown.inode))
    #expect(try pids(reader, 1, outer) == [100] && pids(reader, 8, outer) == [102])
    #expect(try pids(reader, 1, inner) == [102] && pids(reader, 8, inner) == [])
    #expect(try pids(reader, 101, shown) == [101])
    // The process with an unknown inner PID could have any.
    #expect(try pids(reader, 7, outer) == [101] && pids(reader, 7, inner) == [103])
    #expect(try reader.processesWithoutNumber(in: outer) == 1)
    #expect(try reader.processesWithoutNumber(in: inner) == 0)
  }

  @Test("a container that has the host's pid namespace has the host's PIDs")
  func hostPIDs() throws {
    let cgroup = "0::/docker/fedc\(Self.id.dropFirst(4))"
    try history.sample(
      [
        .init(pid: 201, cgroup: cgroup), .init(pid: 202, cgroup: cgroup),
        .init(pid: 203, nspid: [203, 1], cgroup: cgroup, elsewhere: [.pid: 4]),
      ],
      related: [
        .init(
          namespace: SmallHistory.namespace(.pid, 4), owner: nil, parent: SmallHistory.shown,
          ownerUID: nil)
      ])
    let reader = try history.end()
    #expect(try pids(reader, 202, .container("fedc")) == [202])
    // PID 1 may also mean the inner PID of process 203.
    #expect(try pids(reader, 1, .container("fedc")) == [203])
    // PID 100 belongs to a process of another container.
    #expect(try pids(reader, 100, .container("fedc")) == [])
  }

  @Test(
    "a recording from inside a container adds its PIDs and leaves those of the host as they were")
  func recordedInside() throws {
    try history.writer.endSession(.stopped)
    try history.begin(shown: Self.outer)
    let cgroup = "0::/docker/\(Self.id)"
    try history.sample(
      [.init(pid: 1, cgroup: cgroup, elsewhere: [.pid: 2])]
        + [.init(pid: 9, nspid: [9, 1], elsewhere: [.pid: 3])])
    let reader = try history.end()
    #expect(Set(try pids(reader, 1, .container("0123"))) == [100, 1])
    #expect(try pids(reader, 7, .container("0123")) == [101])
  }

  @Test("a PID inside a container selects by the container's pid namespace")
  func container() throws {
    let reader = try history.end()
    #expect(try pids(reader, 7, .container("0123")) == [101])
    #expect(try pids(reader, 1, .container("0123")) == [100])
    #expect(try pids(reader, 1, .container("nobody")) == [])
  }

  @Test("a PID selects in a pid namespace whose parent is not known")
  func withoutParent() throws {
    let cgroup = "0::/docker/feed\(Self.id.dropFirst(4))"
    try history.sample([
      .init(pid: 300, nspid: [300, 1], cgroup: cgroup, elsewhere: [.pid: 5]),
      .init(pid: 301, nspid: [301, 12], elsewhere: [.pid: 5]),
      // Only an event reported this process, so its inner PIDs are not known.
      .init(pid: 302, nspid: [302], elsewhere: [.pid: 5]),
    ])
    let reader = try history.end()
    #expect(try pids(reader, 1, .container("feed")) == [300])
    #expect(try pids(reader, 12, .container("feed")) == [301])
    #expect(try pids(reader, 302, .container("feed")) == [])
    #expect(try reader.processesWithoutNumber(in: .container("feed")) == 1)
  }
}
