// Which group of `shared` is the visitor. A namespace belongs to the container whose own it is, or to the process
// that was first in it. The other group visits, however many processes of each are in it, and in whatever order the
// groups are given.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct NamespaceOwnerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func history(_ more: (inout EntryHistory) -> Void) throws -> HistoryReader {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, [.mnt: 2, .net: 2], EntryHistory.cgroup(EntryHistory.web))
    history.sampled(50, EntryHistory.initial, EntryHistory.host)
    more(&history)
    return try history.reader()
  }

  /// Starts a process with a cgroup, and moves it to a net namespace.
  private func move(
    _ pid: Int32, to net: UInt64, _ cgroup: String, at time: Int64, _ history: inout EntryHistory
  ) {
    history.start(pid, by: 50, EntryHistory.initial, inherited: cgroup, at: time)
    history.read(pid, cgroup, at: time + 5)
    history.move(pid, [.net: net], at: time + 10)
  }

  /// Returns the visitors, and whether all visits are to the other group's own namespace. Checks that both orders of
  /// the groups give the same.
  private func visitors(
    _ one: ProcessSelector, _ other: ProcessSelector, _ reader: HistoryReader
  ) throws -> (pids: [Int64], isOwn: Bool) {
    let groups = [one, other].map { SharedQuestion.Group.processes($0) }
    let found = try [groups, groups.reversed()].map { groups in
      try reader.shared(SharedQuestion(groups, types: [.net])).types[0].visits
    }
    let pids = found.map { $0.compactMap(\.process?.pid) }
    #expect(pids[0] == pids[1] && found[0].map(\.isOthersOwn) == found[1].map(\.isOthersOwn))
    return (pids[0], found[0].allSatisfy(\.isOthersOwn) && !found[0].isEmpty)
  }

  @Test("a process that enters the network of a container visits the container")
  func container() throws {
    let reader = try history { history in
      history.start(
        11, by: 10, [.mnt: 2, .net: 2], inherited: EntryHistory.cgroup(EntryHistory.web), at: 1000)
      history.exit(11, at: 1100)
      move(40, to: 2, EntryHistory.host, at: 2000, &history)
      history.exit(40, at: 3000)
    }
    let found = try visitors(.latest(.pid(40)), .container(EntryHistory.web), reader)
    #expect(found == ([40], true))
  }

  @Test("of two containers, the one that entered later visits the other")
  func containers() throws {
    let reader = try history {
      move(20, to: 2, EntryHistory.cgroup(EntryHistory.lab), at: 2000, &$0)
    }
    let found = try visitors(.container(EntryHistory.web), .container(EntryHistory.lab), reader)
    #expect(found == ([20], true))
  }

  @Test("of two processes, the later one visits the other if that was the first in the namespace")
  func processes() throws {
    let reader = try history { history in
      for (pid, time) in [(70, 1000), (71, 2000), (72, 3000)] as [(Int32, Int64)] {
        move(pid, to: 9, EntryHistory.host, at: time, &history)
      }
    }
    #expect(try visitors(.pid(70), .pid(71), reader) == ([71], true))
    // The namespace belongs to neither of them.
    #expect(try visitors(.pid(71), .pid(72), reader) == ([72], false))
  }
}
