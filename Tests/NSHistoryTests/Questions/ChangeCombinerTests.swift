// The combiner joins changes that are parts of one act, such as several setns(2) calls of `nsenter`, into one change,
// and loses none of their parts.

import NamespaceModel
import TestSupport
import Testing

@testable import NSHistory

struct ChangeCombinerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func combined(_ changes: [NamespaceChange]) -> [NamespaceChange] {
    var combiner = ChangeCombiner()
    return changes.flatMap { combiner.add($0) } + combiner.finish()
  }

  private func history(_ body: (inout EntryHistory) -> Void) throws -> [NamespaceChange] {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, [.mnt: 2, .net: 2, .uts: 2], EntryHistory.cgroup(EntryHistory.web))
    history.sampled(50, EntryHistory.initial, EntryHistory.host)
    body(&history)
    return try history.reader().allChanges(.init())
  }

  @Test("consecutive setns(2) calls are combined into one change with all links")
  func nsenter() throws {
    let all = try history {
      $0.start(40, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 2000)
      $0.move(40, [.net: 2], at: 2010)
      $0.move(40, [.net: 2, .uts: 2], at: 2011)
      $0.move(40, [.net: 2, .uts: 2, .mnt: 2], at: 2012)
      $0.move(40, EntryHistory.initial, at: 2900)
    }
    let rows = Self.combined(all).filter { $0.process?.pid == 40 }
    #expect(rows.map(\.kind) == [.moved, .moved])
    let first = try #require(rows.first)
    #expect(Set(first.parts.map(\.link)) == [.net, .uts, .mnt])
    #expect(first.by == EntryHistory.wall(2010))
    #expect(first.duration == 2_000_000)
    #expect(first.marks == [.joined])
    #expect(first.joined?.pid == 10)
    #expect(rows.last?.marks == [.leftContainer])
    #expect(all.count { $0.process?.pid == 40 } == 4)
  }

  @Test("two changes of one link are not combined, nor are moves of two processes")
  func twoActions() throws {
    let all = try history {
      $0.start(40, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 2000)
      $0.start(41, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 2001)
      $0.move(40, [.net: 2], at: 2010)
      $0.move(41, [.net: 2], at: 2011)
      $0.move(40, EntryHistory.initial, at: 2012)
      $0.move(41, [.net: 2, .uts: 2], at: 2013)
    }
    let rows = Self.combined(all).filter { $0.kind == .moved }
    #expect(rows.map { $0.process?.pid } == [40, 41, 40])
    #expect(rows.map(\.parts.count) == [1, 2, 1])
  }

  @Test("the exit of the last process lists the namespaces that it left empty")
  func lastExit() throws {
    let all = try history {
      $0.start(40, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 2000)
      $0.move(40, [.net: 5, .uts: 2], at: 2010)
      $0.exit(40, at: 2500)
    }
    #expect(all.contains { $0.kind == .lastExit })
    let rows = Self.combined(all)
    #expect(!rows.contains { $0.kind == .lastExit })
    let exit = try #require(rows.first { $0.kind == .exited })
    #expect(exit.emptied.map(\.inode) == [SmallHistory.namespace(.net, 5).inode])
    #expect(exit.marks == [.lastExit])
    #expect(Set(exit.parts.compactMap(\.from).map(\.type)) == [.net, .uts])
  }

  @Test("if two processes exit between two samples, neither is called the last one")
  func severalExits() throws {
    let oracle = try EventOracle(seed: 2)
    for change in Self.combined(try oracle.reader.allChanges(.init()))
    where !change.emptied.isEmpty && !change.isExact {
      let others = try oracle.reader.allChanges(.init()).filter {
        $0.process != nil && $0.process?.task != change.process?.task && $0.by == change.by
          && $0.parts.contains { $0.from.map(change.emptied.contains) ?? false }
      }
      #expect(others.isEmpty)
    }
  }

  @Test(
    "combined changes hold every part of every change once, in the order of time",
    arguments: EventOracle.seeds)
  func nothingIsLost(seed: UInt64) throws {
    let all = try EventOracle(seed: seed).reader.allChanges(.init())
    let rows = Self.combined(all)
    #expect(Self.parts(rows) == Self.parts(all))
    // A combined change stands at the index of its first part, so the order is that of the changes that were not
    // joined to another.
    let positions = rows.map { row in
      all.firstIndex {
        $0.kind == row.kind && $0.by == row.by && $0.process?.task == row.process?.task
          && $0.parts.first == row.parts.first
      }
    }
    #expect(positions.compactMap(\.self) == positions.compactMap(\.self).sorted())
    #expect(!positions.contains(nil))
    for row in rows where row.duration != 0 {
      #expect(row.kind == .moved && row.isExact && row.duration > 0)
    }
  }

  /// A part of a change, and its task.
  private struct ReportedPart: Hashable {
    let task: TaskID?
    let part: NamespaceChange.Part
  }

  private static func parts(_ changes: [NamespaceChange]) -> [ReportedPart: Int] {
    var counts: [ReportedPart: Int] = [:]
    for change in changes {
      for part in change.parts {
        counts[ReportedPart(task: change.process?.task, part: part), default: 0] += 1
      }
      for namespace in change.emptied {
        let part = NamespaceChange.Part(
          link: namespace.type.link, from: namespace, to: nil, how: .lastExit)
        counts[ReportedPart(task: nil, part: part), default: 0] += 1
      }
    }
    return counts
  }
}
