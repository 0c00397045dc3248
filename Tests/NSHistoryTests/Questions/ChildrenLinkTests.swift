// A namespace without a process, into which the children of a process go. The link for children (namespaces(7)) keeps
// the namespace alive, so every list has it.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct ChildrenLinkTests {
  private static let kept = SmallHistory.namespace(.pid, 7)
  private let history: SmallHistory
  private let reader: HistoryReader
  /// The start of each sample.
  private let starts: [WallTime]

  /// The children of PID 10 go to another pid namespace. The first of them, PID 11, is gone in the second sample, and
  /// PID 10 in the fourth.
  init() throws {
    history = try SmallHistory()
    let host = SmallHistory.Process(pid: 1)
    let parent = SmallHistory.Process(pid: 10, children: [.pid: 7])
    let child = SmallHistory.Process(pid: 11, nspid: [11, 1], elsewhere: [.pid: 7])
    var starts: [WallTime] = []
    for processes in [[host, parent, child], [host, parent], [host, parent], [host], [host]] {
      try history.sample(processes)
      starts.append(history.now.wall)
    }
    self.starts = starts
    reader = try history.end()
  }

  private func listed(after sample: Int) throws -> NamespaceAtMoment? {
    try reader.namespaces(at: starts[sample] + 3 * SmallHistory.second).namespaces
      .first { $0.namespace.inode == Self.kept.inode }
  }

  @Test("the namespace is listed with the process whose children go into it, as long as they do")
  func listing() throws {
    let first = try #require(try listed(after: 0))
    #expect(first.processes == 0 && first.unsure == 1 && first.parents == 1)
    let second = try #require(try listed(after: 1))
    #expect(second.processes == 0 && second.unsure == 0)
    #expect(second.parents == 1 && second.unsureParents == 0 && second.lowestParent?.pid == 10)
    let third = try #require(try listed(after: 2))
    #expect(third.parents == 0 && third.unsureParents == 1)
    #expect(try listed(after: 3) == nil)
  }

  @Test("the namespace is last seen with the process that keeps it, which `parents` names")
  func summary() throws {
    let selector = NamespaceSelector.inode(.pid, Self.kept.inode)
    let summary = try #require(try reader.namespaces(selector).first)
    #expect(summary.firstSeen == starts[0] && summary.lastSeen == starts[2])
    var members: [Member] = []
    try reader.members(of: selector) {
      members.append($0); return true
    }
    #expect(members.map(\.process.pid) == [11] && members.map(\.link) == [.pid])
    var parents: [Member] = []
    try reader.parents(of: selector) {
      parents.append($0); return true
    }
    #expect(parents.map(\.process.pid) == [10] && parents.map(\.link) == [.pidForChildren])
    #expect(parents.map(\.from) == [starts[0]] && parents.map(\.until) == [starts[2]])
    // Parents outside of the window, and of another type, are not listed.
    var later = 0
    try reader.parents(of: selector, in: TimeWindow(since: starts[4])) { _ in
      later += 1
      return true
    }
    try reader.parents(of: .inode(.net, SmallHistory.namespace(.net, 1).inode)) { _ in
      later += 1
      return true
    }
    #expect(later == 0)
  }

  @Test("the namespace counts for the peak use of its type")
  func peak() throws {
    let other = try SmallHistory()
    let parents = (10...12).map {
      SmallHistory.Process(pid: $0, children: [.time: UInt64($0)])
    }
    for processes in [[], parents, []] { try other.sample([.init(pid: 1)] + processes) }
    #expect(try other.end().peakUse()[.time]?.count == 3)
    #expect(try reader.peakUse()[.pid]?.count == 1)
  }
}
