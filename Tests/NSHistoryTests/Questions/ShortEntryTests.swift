// A process enters a container for less than a sample, as by `podman exec` or `nsenter`. Nobody reads its own cgroup,
// and it inherits that of its parent. Every question takes its container from its namespaces instead.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ShortEntryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes what `runc exec` does, and what a test adds.
  private func history(_ more: (inout EntryHistory) -> Void = { _ in }) throws -> EntryHistory {
    var history = EntryHistory(path: folder.file("history.db"))
    let web: EntryHistory.Namespaces = [.mnt: 2, .net: 2, .pid: 2, .uts: 2]
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, web, EntryHistory.cgroup(EntryHistory.web))
    history.sampled(
      20, [.mnt: 3, .net: 3, .pid: 3, .uts: 3], EntryHistory.cgroup(EntryHistory.lab))
    history.sampled(50, EntryHistory.initial, EntryHistory.host)
    // The process that joins does not enter the pid namespace itself; its child starts in it.
    history.start(40, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 2000)
    history.move(40, [.net: 2, .uts: 2], at: 2010)
    history.move(40, [.net: 2, .uts: 2, .mnt: 2], at: 2020)
    history.start(41, by: 40, web, inherited: EntryHistory.host, at: 2030)
    history.exit(40, at: 2040)
    history.rename(41, "true", inherited: EntryHistory.host, at: 2045)
    history.exit(41, at: 2080)
    more(&history)
    return history
  }

  private func all<T>(_ body: ((T) -> Bool) throws -> Void) throws -> [T] {
    var found: [T] = []
    try body {
      found.append($0)
      return true
    }
    return found
  }

  private func isOfWeb(_ process: ProcessRecord?) -> Bool {
    process?.container?.id == EntryHistory.web
      && process?.containerSource == (process?.pid == 10 ? .cgroup : .namespaces)
  }

  @Test("processes at a time have the container of their namespaces")
  func processes() throws {
    let reader = try history().reader()
    for (time, pid, id) in [
      (2025, 40, EntryHistory.web), (2060, 41, EntryHistory.web), (2005, 40, nil),
    ] {
      let there = try reader.processes(at: EntryHistory.wall(Int64(time))).processes
      let one = try #require(there.first { $0.process.pid == pid }).process
      #expect(one.container?.id == id, "\(time): \(one)")
      let isSelected = try reader.matcher(.container(EntryHistory.web))
      #expect(isSelected(one) == (id != nil))
    }
  }

  @Test("history by PID and by container has the container of the namespaces")
  func entries() throws {
    let reader = try history().reader()
    let child: [HistoryEntry] = try all { try reader.history(.pid(41), $0) }
    #expect(!child.isEmpty && child.allSatisfy { isOfWeb($0.process) }, "\(child)")
    let joiner: [HistoryEntry] = try all { try reader.history(.pid(40), $0) }
    #expect(joiner.map { isOfWeb($0.process) } == [false, true, true], "\(joiner)")
    #expect(joiner.map(\.isInOtherContainer) == [false, true, false])
    // So an entry without a container does not say that the process is in none.
    #expect(joiner.allSatisfy { !$0.process.isCgroupRead })
    let found: [HistoryEntry] = try all { try reader.history(.container(EntryHistory.web), $0) }
    #expect(found.allSatisfy { isOfWeb($0.process) }, "\(found)")
    #expect(found.map(\.process.pid) == [10, 40, 40, 41])
    // The process belongs to the container from the moment at which it entered its namespaces.
    let first = try #require(found.first { $0.process.pid == 40 })
    #expect(first.from == EntryHistory.wall(2010) && first.beginning.isExact, "\(first)")
    #expect(
      try all { try reader.history(.container(EntryHistory.lab), $0) }.map(
        \HistoryEntry.process.pid) == [
          20
        ])
  }

  @Test("a container selects a process for the time in which it was in its namespaces")
  func selection() throws {
    let reader = try history().reader()
    for (since, until, pids) in [
      (2050, 2060, [10, 41]), (2002, 2005, [10]), (2012, 2014, [10, 40]), (0, 3000, [10, 40, 41]),
    ] as [(Int64, Int64, [Int64])] {
      let window = TimeWindow(since: EntryHistory.wall(since), until: EntryHistory.wall(until))
      let found = try reader.processes(.container(EntryHistory.web), in: window).map(\.pid)
      #expect(found.sorted() == pids, "\(since) to \(until)")
      let lanes = try reader.timeline([.container(EntryHistory.web)], in: window, types: [.net])
      #expect(Set(lanes.map(\.process.pid)).sorted() == pids, "\(since) to \(until)")
    }
    #expect(try reader.processes(.container(EntryHistory.web)).map(\.pid).sorted() == [10, 40, 41])
    #expect(try reader.processes(.container(EntryHistory.lab)).map(\.pid) == [20])
  }

  @Test("changes of a container include those of processes that entered it")
  func changes() throws {
    let reader = try history().reader()
    let found: [NamespaceChange] = try all {
      try reader.changes(ChangesQuestion(container: EntryHistory.web), $0)
    }
    let moves = found.filter { $0.process?.pid == 40 && $0.kind == .moved }
    #expect(moves.count == 2 && moves.allSatisfy { isOfWeb($0.process) }, "\(found)")
    let child = found.filter { $0.process?.pid == 41 }
    #expect(child.map(\.kind) == [.started, .exited], "\(found)")
    #expect(child.allSatisfy { isOfWeb($0.process) })
    let selected: [NamespaceChange] = try all {
      try reader.changes(ChangesQuestion(process: .container(EntryHistory.web)), $0)
    }
    #expect(Set(selected.compactMap(\.process?.pid)) == [10, 40, 41], "\(selected)")
  }

  @Test("members and peers have the container of their namespaces")
  func members() throws {
    let reader = try history().reader()
    let net = NamespaceSelector.inode(.net, SmallHistory.namespace(.net, 2).inode)
    let members: [Member] = try all { try reader.members(of: net, $0) }
    #expect(Set(members.map(\.process.pid)) == [10, 40, 41])
    #expect(members.allSatisfy { isOfWeb($0.process) }, "\(members)")
    let peers: [Peer] = try all { try reader.peers(PeersQuestion(.pid(10), types: [.net]), $0) }
    #expect(peers.map(\.peer.pid).sorted() == [40, 41])
    #expect(peers.allSatisfy { isOfWeb($0.peer) }, "\(peers)")
    let asked: [Peer] = try all {
      try reader.peers(PeersQuestion(.container(EntryHistory.web), types: [.net]), $0)
    }
    #expect(Set(asked.map(\.process.pid)) == [10, 40, 41], "\(asked)")
  }

  @Test("exported rows have the container of the namespaces")
  func export() throws {
    let reader = try history().reader()
    var byName = ExportFilter(types: [.net])
    byName.names = [.container(EntryHistory.web)]
    for filter in [
      ExportFilter(types: [.net]), byName, ExportFilter(container: EntryHistory.web, types: [.net]),
    ] {
      let rows: [ExportRow] = try all { try reader.export(filter, $0) }
      let guests = rows.filter { [40, 41].contains($0.pid) && $0.isInitial == false }
      // A row ends where the name changes.
      #expect(guests.map(\.pid).sorted() == [40, 41, 41], "\(rows)")
      #expect(
        guests.allSatisfy {
          $0.container?.id == EntryHistory.web && $0.containerSource == .namespaces
        },
        "\(guests)")
      #expect(guests.first { $0.pid == 40 }?.from == EntryHistory.wall(2010))
      #expect(
        rows.filter { $0.pid == 40 && $0.isInitial == true }.allSatisfy { $0.container == nil })
    }
    let lab: [ExportRow] = try all {
      try reader.export(ExportFilter(container: EntryHistory.lab), $0)
    }
    #expect(Set(lab.map(\.pid)) == [20])
  }

  private func shared(
    _ one: SharedQuestion.Group, _ other: SharedQuestion.Group, _ reader: HistoryReader,
    _ type: NamespaceType = .net
  ) throws -> SharedAnswer.TypeAnswer {
    let window = TimeWindow(since: EntryHistory.wall(1), until: EntryHistory.wall(9000))
    let answer = try reader.shared(SharedQuestion([one, other], in: window, types: [type]))
    return try #require(answer.types.first)
  }

  @Test("a process that entered one container does not make `never` of two containers unknown")
  func never() throws {
    let (web, lab) = (
      SharedQuestion.Group.processes(.container(EntryHistory.web)),
      SharedQuestion.Group.processes(.container(EntryHistory.lab))
    )
    let reader = try history().reader()
    for type in [NamespaceType.net, .mnt, .pid] {
      for (one, other) in [(web, lab), (lab, web)] {
        let line = try shared(one, other, reader, type)
        #expect(line.verdict == .never && line.isExact, "\(type): \(line)")
      }
    }
    let answer = try reader.shared(SharedQuestion([web, lab], types: [.net]))
    #expect(answer.groups.map(\.processes) == [3, 1])
    // A process that came from the host may have belonged to the container before it entered.
    for type in [NamespaceType.net, .pid] {
      #expect(try shared(web, .host, reader, type).verdict == .unknown, "\(type)")
    }
    // Processes of the container share with those that entered it.
    let visits = try shared(web, .processes(.pid(41)), reader)
    #expect(visits.verdict == .shared)
    #expect(answer.groups.map(\.byNamespaces) == [2, 0])
  }

  /// Returns the container of a process at a time, and its source. Checks that processes, history and export agree on
  /// it.
  private func container(
    _ pid: Int64, at time: Int64, _ reader: HistoryReader
  ) throws -> (id: String?, source: ContainerSource?) {
    let there = try reader.processes(at: EntryHistory.wall(time)).processes
    let one = try #require(there.first { $0.process.pid == pid }).process
    let entries: [HistoryEntry] = try all { try reader.history(.pid(pid), $0) }
    let entry = try #require(entries.last { $0.from <= EntryHistory.wall(time) })
    let rows: [ExportRow] = try all {
      try reader.export(ExportFilter(pids: [pid], types: [.net]), $0)
    }
    let row = try #require(rows.last { $0.from <= EntryHistory.wall(time) })
    for (id, source) in [
      (entry.process.container?.id, entry.process.containerSource),
      (row.container?.id, row.containerSource),
    ] {
      #expect(
        id == one.container?.id && source == one.containerSource, "\(one) and \(entry), \(row)")
    }
    return (one.container?.id, one.containerSource)
  }

  private static let groups = [EntryHistory.web, EntryHistory.lab].map {
    SharedQuestion.Group.processes(.container($0))
  }

  @Test(
    "a namespace that two containers share does not determine the container of a process")
  func both() throws {
    let reader = try history { history in
      history.sampled(11, [.ipc: 5, .net: 2], EntryHistory.cgroup(EntryHistory.web))
      history.sampled(21, [.ipc: 5, .net: 3], EntryHistory.cgroup(EntryHistory.lab))
      history.start(60, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
      history.move(60, [.ipc: 5], at: 3010)
      history.move(60, [.ipc: 5, .net: 7], at: 3020)
      history.sampled(12, [.net: 7], EntryHistory.cgroup(EntryHistory.web))
      history.sampled(22, [.net: 7], "0::/docker-\(String(repeating: "c", count: 64)).scope")
      history.exit(60, at: 3100)
    }.reader()
    #expect(try container(60, at: 3050, reader) == (nil, .inherited))
    #expect(try !reader.processes(.container(EntryHistory.web)).map(\.pid).contains(60))
    #expect(try shared(Self.groups[0], Self.groups[1], reader, .net).verdict == .unknown)
    let ipc = try shared(Self.groups[0], Self.groups[1], reader, .ipc)
    #expect(ipc.verdict == .shared && !ipc.visits.contains { $0.process?.pid == 60 }, "\(ipc)")
  }

  @Test("a process whose cgroup was read before it entered is outside, and in no other container")
  func readOnTheWay() throws {
    let reader = try history { history in
      history.start(60, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
      history.read(60, EntryHistory.host, at: 3005)
      history.move(60, [.net: 2], at: 3010)
      history.move(60, [.net: 2, .mnt: 2], at: 3020)
      history.exit(60, at: 3100)
    }.reader()
    #expect(try container(60, at: 3050, reader) == (nil, nil))
    #expect(try shared(Self.groups[0], Self.groups[1], reader).verdict == .never)
    // Process 60 may have been moved into the cgroup of the container whose namespaces it entered.
    #expect(try shared(Self.groups[0], .host, reader, .pid).verdict == .unknown)
  }

  @Test("a process that entered only a net namespace may belong to any container")
  func network() throws {
    let reader = try history { history in
      history.start(60, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
      history.move(60, [.net: 2], at: 3010)
      history.exit(60, at: 3100)
    }.reader()
    #expect(try container(60, at: 3050, reader) == (nil, .inherited))
    #expect(try container(60, at: 3005, reader) == (nil, .inherited))
    #expect(try shared(Self.groups[0], Self.groups[1], reader).verdict == .unknown)
    // Process 60 proves nothing about the container in a namespace where no other process of the container was.
    #expect(try shared(Self.groups[0], .host, reader, .mnt).verdict == .unknown)
  }

  @Test("a process keeps its inherited container unless it enters another mount namespace")
  func otherContainer() throws {
    let reader = try history { history in
      history.start(
        60, by: 20, EntryHistory.initial, inherited: EntryHistory.cgroup(EntryHistory.lab), at: 3000
      )
      history.move(60, [.net: 2], at: 3010)
      history.move(60, [.net: 2, .mnt: 2], at: 3050)
      history.exit(60, at: 3100)
    }.reader()
    #expect(try container(60, at: 3030, reader) == (EntryHistory.lab, .inherited))
    #expect(try container(60, at: 3070, reader) == (EntryHistory.web, .namespaces))
    let window = TimeWindow(since: EntryHistory.wall(3060), until: EntryHistory.wall(3090))
    #expect(try reader.processes(.container(EntryHistory.lab), in: window).map(\.pid) == [20])
    #expect(try reader.processes(.container(EntryHistory.web), in: window).map(\.pid) == [10, 60])
    let answer = try reader.shared(SharedQuestion(Self.groups, in: window, types: [.net]))
    #expect(answer.verdict == .unknown)
  }

  @Test("the child of a process from outside is from outside, too")
  func outsidersChild() throws {
    let reader = try history { history in
      history.start(60, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
      history.read(60, EntryHistory.host, at: 3005)
      history.move(60, [.net: 2, .mnt: 2], at: 3010)
      history.start(61, by: 60, [.net: 2, .mnt: 2], inherited: EntryHistory.host, at: 3020)
      history.start(62, by: 61, [.net: 2, .mnt: 2], inherited: EntryHistory.host, at: 3030)
      // A child that starts in another pid namespace than its parent's, as with runc, has entered too.
      history.start(
        63, by: 60, [.net: 2, .mnt: 2, .pid: 2], inherited: EntryHistory.host, at: 3030)
      // A child of a process that entered, and whose cgroup nobody read, belongs to the container.
      history.start(70, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
      history.move(70, [.net: 2, .mnt: 2], at: 3010)
      history.start(71, by: 70, [.net: 2, .mnt: 2], inherited: EntryHistory.host, at: 3020)
      history.start(72, by: 71, [.net: 2, .mnt: 2], inherited: EntryHistory.host, at: 3030)
      for pid in [60, 61, 62, 63, 70, 71, 72] as [Int32] {
        history.exit(pid, at: 3100 + Int64(pid))
      }
    }.reader()
    #expect(try container(60, at: 3050, reader) == (nil, nil))
    let there = try reader.processes(at: EntryHistory.wall(3050)).processes
    #expect(there.first { $0.process.pid == 60 }?.process.outsideOf.map(\.id) == [EntryHistory.web])
    for pid: Int64 in [61, 62] {
      #expect(try container(pid, at: 3050, reader) == (nil, .inherited))
    }
    for pid: Int64 in [63, 71, 72] {
      #expect(try container(pid, at: 3050, reader) == (EntryHistory.web, .namespaces))
    }
    #expect(
      try reader.processes(.container(EntryHistory.web)).map(\.pid).sorted() == [
        10, 40, 41, 63, 70, 71, 72,
      ])
  }

  @Test("a process in the namespaces of two containers is outside of both")
  func outsideOfTwo() throws {
    let reader = try history { history in
      history.start(60, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
      history.read(60, EntryHistory.host, at: 3005)
      history.move(60, [.mnt: 2, .net: 3], at: 3010)
      history.exit(60, at: 3100)
    }.reader()
    let there = try reader.processes(at: EntryHistory.wall(3050)).processes.map(\.process)
    let visitor = try #require(there.first { $0.pid == 60 })
    #expect(Set(visitor.outsideOf.map(\.id)) == [EntryHistory.web, EntryHistory.lab])
    for container in [EntryHistory.web, EntryHistory.lab] {
      let isSelected = try reader.matcher(.container(container))
      #expect(isSelected(visitor), "\(container)")
    }
  }

  @Test("a cgroup that is read takes precedence over the namespaces")
  func readLater() throws {
    let reader = try history { history in
      for (pid, cgroup) in [
        (60, EntryHistory.host + "/ssh"), (61, EntryHistory.cgroup(EntryHistory.web)),
      ]
        as [(Int32, String)]
      {
        history.start(pid, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: 3000)
        history.move(pid, [.net: 2, .mnt: 2], at: 3010)
        history.read(pid, cgroup, at: 3050)
        history.exit(pid, at: 3100)
      }
    }.reader()
    for (pid, time, id, source) in [
      (60, 3030, nil, .inherited), (60, 3070, nil, nil), (61, 3030, EntryHistory.web, .namespaces),
      (61, 3070, EntryHistory.web, .cgroup),
    ] as [(Int64, Int64, String?, ContainerSource?)] {
      let there = try reader.processes(at: EntryHistory.wall(time)).processes
      let one = try #require(there.first { $0.process.pid == pid }).process
      #expect(one.container?.id == id && one.containerSource == source, "\(time): \(one)")
    }
  }

  @Test("`shared` has a caveat for a time with omitted changes")
  func leftOut() throws {
    let reader = try history().reader(folded: 7)
    func caveats(_ since: Int64, _ until: Int64) throws -> [Caveat] {
      let window = TimeWindow(since: EntryHistory.wall(since), until: EntryHistory.wall(until))
      return try reader.shared(SharedQuestion(Self.groups, in: window, types: [.net])).caveats
    }
    let all = Caveat(
      from: EntryHistory.wall(0), until: EntryHistory.wall(10_000), kind: .changesLeftOut(7))
    #expect(try caveats(1, 9000) == [all] && caveats(2050, 2050) == [all])
    #expect(try reader.shared(SharedQuestion(Self.groups, types: [.net])).caveats == [all])
    #expect(all.code == "changes-left-out")
  }

  @Test("many processes that enter a container are resolved by few queries, without a table scan")
  func crowd() throws {
    let count = 2000
    let reader = try history { history in
      for index in 0..<count {
        let (pid, time) = (Int32(100 + index), Int64(3000 + 3 * index / 2))
        history.start(pid, by: 50, EntryHistory.initial, inherited: EntryHistory.host, at: time)
        history.move(pid, [.net: 2, .mnt: 2], at: time + 1)
        history.exit(pid, at: time + 2)
      }
    }.reader()
    let (found, looks) = try reader.reading(.recording()) { (reading) throws(SQLiteError) in
      let histories = try ProcessFinder(reading: reading).histories(
        .container(EntryHistory.web), in: TimeWindow())
      return (histories.count, reading.containers.queryCount)
    }
    #expect(found == count + 3)
    #expect(looks < 100, "\(looks) looks")
    // A question about a short time does not resolve the others.
    let window = TimeWindow(since: EntryHistory.wall(4500), until: EntryHistory.wall(4510))
    let few = try reader.reading(.recording()) { (reading) throws(SQLiteError) in
      _ = try ProcessFinder(reading: reading).histories(.container(EntryHistory.web), in: window)
      return reading.containers.queryCount
    }
    #expect(few < 10, "\(few) looks")
    let allowed = ["CONSTANT", "there", "range", "span", "s", "block", "json_each", "known"]
    for statement in reader.connection.statements
    where statement.contains("MATERIALIZED") || statement.contains("namespace_set_link") {
      let plan = try reader.connection.prepare("EXPLAIN QUERY PLAN \(statement)").map { $0.text(3) }
      for step in plan where step.hasPrefix("SCAN") && !step.hasPrefix("SCAN (subquery-") {
        let table = step.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        #expect(
          allowed.contains(table) || step.contains("membership_open"), "\(step) in \(statement)")
      }
    }
  }
}
