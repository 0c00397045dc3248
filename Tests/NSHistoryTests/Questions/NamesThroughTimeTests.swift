// A name or a container selects a process only for the time in which the process had it, in every question.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct NamesThroughTimeTests {
  private let history: SmallHistory
  private static let web = String(repeating: "a", count: 64)
  private static let lab = String(repeating: "b", count: 64)

  private static func cgroup(_ id: String) -> String { "0::/system.slice/docker-\(id).scope" }

  @Test(
    "a process that left the cgroup of its container and entered another one's network is listed")
  func leftItsCgroup() throws {
    let history = try SmallHistory()
    for sample in 1...6 {
      let cgroup = sample < 3 ? Self.cgroup(Self.web) : "0::/"
      try history.sample([
        .init(pid: 10, cgroup: Self.cgroup(Self.web), elsewhere: [.net: 2, .mnt: 2]),
        .init(pid: 20, cgroup: Self.cgroup(Self.lab), elsewhere: [.net: 3, .mnt: 3]),
        .init(pid: 30, cgroup: cgroup, elsewhere: [.net: sample < 5 ? 2 : 3, .mnt: 2]),
      ])
    }
    let answer = try history.end().shared(
      .init([.processes(.container(Self.web)), .processes(.container(Self.lab))], types: [.net]))
    let visit = try #require(answer.outsiders.first { $0.group == 1 })
    #expect(visit.process.pid == 30 && visit.earlierContainer?.id == Self.web)
    // In the network of its own container it is an outsider from the change of its cgroup on.
    #expect(answer.outsiders.allSatisfy { $0.process.pid == 30 })
  }

  @Test("a history up to a time shows the name of that time, and the names before")
  func untilATime() throws {
    let history = try SmallHistory()
    for name in ["one", "one", "two", "two", "three"] {
      try history.sample([.init(pid: 10, comm: name)])
    }
    let last = history.now.wall
    let reader = try history.end()
    func entry(_ window: TimeWindow) throws -> HistoryEntry {
      var found: [HistoryEntry] = []
      try reader.history(.pid(10), in: window) {
        found.append($0)
        return true
      }
      #expect(found.count == 1)
      return try #require(found.first)
    }
    func names(_ entry: HistoryEntry) -> [String?] {
      entry.process.possibleDescriptions.map(\.comm)
    }
    for (distance, now, before) in [
      (0, ["three"], ["one", "two"]), (5, ["two", "three"], ["one"]), (15, ["two"], ["one"]),
      (25, ["one", "two"], []), (35, ["one"], []),
    ] {
      let time = last - Int64(distance) * SmallHistory.second
      for since in [nil, time] {
        let entry = try entry(TimeWindow(since: since, until: time))
        #expect(names(entry) == now && entry.earlier.map(\.comm) == before, "\(distance)")
      }
    }
  }

  @Test("an answer about a window shows no name of a later time, also of the other process")
  func namesInAWindow() throws {
    let history = try SmallHistory()
    for (sample, name) in ["one", "one", "one", "two", "two", "two"].enumerated() {
      try history.sample([
        .init(pid: 10, elsewhere: [.net: 2]),
        .init(pid: 20, elsewhere: [.net: sample < 3 ? 2 : 3], children: [.pid: 4], comm: name),
        .init(pid: 30, elsewhere: [.net: 2], comm: name),
      ])
    }
    let reader = try history.end()
    let window = TimeWindow(since: time(1), until: between(2))
    func expectOne(_ processes: [ProcessRecord], _ question: String) {
      for process in processes where process.pid != 10 {
        #expect(process.possibleDescriptions.map(\.comm) == ["one"], "\(question) \(process.pid)")
      }
      #expect(Set(processes.map(\.pid)).isSuperset(of: [20]), "\(question)")
    }
    var found: [ProcessRecord] = []
    try reader.peers(PeersQuestion(.pid(10), in: window, types: [.net])) {
      found += [$0.process, $0.peer]
      return true
    }
    expectOne(found, "peers")
    // Without a window, a peer has the name that it had while it shared.
    found = []
    try reader.peers(PeersQuestion(.pid(10), types: [.net])) {
      if $0.peer.pid == 20 { found.append($0.peer) }
      return true
    }
    expectOne(found, "peers of all time")
    let same = try reader.same(
      SameQuestion(
        pids: [.init(pid: 10), .init(pid: 20), .init(pid: 30)],
        time: .range(since: window.since, until: window.until), types: [.net]))
    expectOne(Array(same.processes.joined()), "same")
    expectOne(same.types.flatMap(\.intervals).flatMap(\.processes), "same: intervals")
    expectOne(same.types.flatMap(\.namespaces).flatMap(\.processes), "same: namespaces")
    expectOne(
      try reader.timeline([.pid(20), .pid(30)], in: window, types: [.net]).map(\.process),
      "timeline")
    var question = SharedQuestion(
      [.processes(.pid(10)), .processes(.pid(20)), .processes(.pid(30))], types: [.net])
    question.window = window
    let shared = try reader.shared(question)
    expectOne(shared.groups.compactMap(\.process), "shared: groups")
    expectOne(
      shared.types.flatMap(\.visits).flatMap { $0.others + [$0.process].compactMap(\.self) },
      "shared: visits")
    found = []
    let second = NamespaceSelector.inode(.net, SmallHistory.namespace(.net, 2).inode)
    try reader.members(of: second, in: window) {
      found.append($0.process)
      return true
    }
    expectOne(found, "members")
    found = []
    try reader.parents(
      of: .inode(.pid, SmallHistory.namespace(.pid, 4).inode), in: window
    ) {
      found.append($0.process)
      return true
    }
    expectOne(found, "parents")
  }

  /// Returns the start of a sample; the first sample is 1.
  private func time(_ sample: Int64) -> WallTime {
    SmallHistory.epoch + (1000 + 10 * sample) * SmallHistory.second
  }

  private func between(_ sample: Int64) -> WallTime { time(sample) + 5 * SmallHistory.second }

  /// Processes 10 and 12 are in container `web` up to sample 3, and in `lab` from sample 4 on. Process 10 also has
  /// another name from then on; it moves in sample 2 and in sample 5. Process 30 moves and gets another name between
  /// samples 3 and 4.
  init() throws {
    history = try SmallHistory()
    for sample in 1...6 {
      let isEarly = sample <= 3
      var processes: [SmallHistory.Process] = [
        .init(
          pid: 10, cgroup: Self.cgroup(isEarly ? Self.web : Self.lab),
          elsewhere: [.net: sample < 2 ? 1 : sample < 5 ? 2 : 3]),
        .init(pid: 12, cgroup: Self.cgroup(isEarly ? Self.web : Self.lab), elsewhere: [.net: 5]),
        .init(pid: 20, cgroup: Self.cgroup(Self.lab), elsewhere: [.net: 5]),
        .init(pid: 30, elsewhere: [.net: isEarly ? 1 : 6]),
        .init(pid: 40),
      ]
      processes[0].comm = isEarly ? "nginx" : "worker"
      processes[3].comm = isEarly ? "one" : "other"
      if sample == 6 { processes.remove(at: 0) }
      try history.sample(processes)
    }
  }

  private func changes(
    _ question: ChangesQuestion, _ reader: HistoryReader
  ) throws -> [NamespaceChange] {
    var found: [NamespaceChange] = []
    try reader.changes(question) {
      found.append($0)
      return true
    }
    return found
  }

  private func entries(_ selector: ProcessSelector, _ reader: HistoryReader) throws
    -> [HistoryEntry]
  {
    var found: [HistoryEntry] = []
    try reader.history(selector) {
      found.append($0)
      return true
    }
    return found
  }

  @Test("changes are selected by the name and container that the process had at that time")
  func whatHappened() throws {
    let reader = try history.end()
    let early = try changes(ChangesQuestion(process: .comm("nginx")), reader)
    #expect(early.map(\.kind) == [.firstSeen, .moved], "\(early)")
    #expect(early.allSatisfy { $0.process?.comm == "nginx" })
    let late = try changes(ChangesQuestion(process: .comm("worker")), reader)
    #expect(late.map(\.kind) == [.moved, .exited], "\(late)")
    for (container, kinds) in [
      (Self.web, [NamespaceChange.Kind.firstSeen, .moved]), (Self.lab, [.moved, .exited]),
    ] {
      let found = try changes(ChangesQuestion(process: .container(container)), reader)
        .filter { $0.process?.pid == 10 }
      #expect(found.map(\.kind) == kinds, "\(found)")
      #expect(found.allSatisfy { $0.process?.container?.id == container })
    }
  }

  @Test("a change between two reads with different names is listed for both, as disputed")
  func disputed() throws {
    let reader = try history.end()
    for name in ["one", "other"] {
      let moves = try changes(ChangesQuestion(process: .comm(name)), reader)
        .filter { $0.kind == .moved }
      #expect(moves.count == 1 && moves.first?.process?.disputed == [.comm], "\(moves)")
    }
  }

  @Test("the history of a name starts and ends with the name")
  func entries() throws {
    let reader = try history.end()
    let early = try entries(.comm("nginx"), reader)
    #expect(early.last?.until == time(3) && early.last?.end.kind == .changed, "\(early)")
    #expect(early.last?.end.other == time(4))
    let late = try entries(.comm("worker"), reader)
    #expect(late.first?.from == time(4) && late.first?.beginning.kind == .changed, "\(late)")
    #expect(late.first?.beginning.other == time(3))
    // Selected by its PID, it is listed in all of its containers.
    let all = try entries(.pid(10), reader)
    #expect(
      all.map { $0.process.container?.id } == [Self.web, Self.web, Self.lab, Self.lab], "\(all)")
    #expect(all.map(\.isInOtherContainer) == [false, false, true, false])
    #expect(all[2].changes.isEmpty && all[2].beginning.kind == .changed)
  }

  @Test("a visit and its others have the last names that they had in it")
  func visits() throws {
    let reader = try history.end()
    func visit(
      _ one: ProcessSelector, _ other: SharedQuestion.Group
    ) throws -> SharedAnswer.Visit {
      let answer = try reader.shared(SharedQuestion([.processes(one), other], types: [.net]))
      return try #require(answer.types.first?.visits.last, "\(answer)")
    }
    let second = NamespaceSelector.inode(.net, SmallHistory.namespace(.net, 2).inode)
    let whole = try visit(.pid(10), .namespace(second))
    #expect(whole.from == time(2) && whole.until == time(4), "\(whole)")
    #expect(whole.process?.comm == "worker" && whole.process?.container?.id == Self.lab)
    let early = try visit(.comm("nginx"), .namespace(second))
    #expect(early.until == time(3) && early.process?.comm == "nginx", "\(early)")
    // Process 30 gets its other name after the visit.
    for (one, other) in [(Int64(30), Int64(40)), (40, 30)] {
      let found = try visit(.pid(one), .processes(.pid(other)))
      let all = [found.process].compactMap(\.self) + found.others
      #expect(Set(all.compactMap(\.comm)).contains("one"), "\(found)")
      #expect(!all.contains { $0.comm == "other" }, "\(found)")
    }
  }

  @Test("peers of a container are those of its processes while they were in it")
  func peers() throws {
    let reader = try history.end()
    for (container, times) in [(Self.web, time(1)...time(3)), (Self.lab, time(1)...time(6))] {
      var until: WallTime = 0
      try reader.peers(PeersQuestion(.container(container), types: [.net])) { peer in
        until = max(until, peer.shared.flatMap(\.intervals).map(\.until).max() ?? 0)
        return true
      }
      #expect(until == times.upperBound)
    }
    let own = try reader.namespaces(.of(.net, .comm("worker"))).map(\.namespace.kernelID)
    #expect(
      own == [SmallHistory.namespace(.net, 2), SmallHistory.namespace(.net, 3)].map(\.kernelID))
  }

  private func same(
    _ container: String, _ time: SameQuestion.Time, _ reader: HistoryReader
  ) throws -> SameAnswer.TypeAnswer {
    let row = try #require(try reader.processes(.pid(12)).first).id
    var one = SameQuestion.Selector(pid: 12, process: row)
    one.names = [.container(container)]
    let answer = try reader.same(
      SameQuestion(pids: [one, .init(pid: 20)], time: time, types: [.net]))
    return try #require(answer.types.first)
  }

  @Test(
    "`same` with a container holds while the process was in it, and is unknown between two reads")
  func same() throws {
    let reader = try history.end()
    let everything = SameQuestion.Time.range(since: nil, until: nil)
    let early = try same(Self.web, everything, reader)
    #expect(early.verdict == .same && early.intervals.map(\.until).max() == time(3), "\(early)")
    let late = try same(Self.lab, everything, reader)
    #expect(late.verdict == .same && late.intervals.map(\.from).min() == time(4), "\(late)")
    #expect(try same(Self.web, .at(between(2)), reader).verdict == .same)
    for container in [Self.web, Self.lab] {
      let doubt = try same(container, .at(between(3)), reader)
      #expect(doubt.verdict == .unknown && doubt.reason == .changedBetweenSamples, "\(doubt)")
    }
    #expect(try same(Self.web, .at(between(4)), reader).verdict == .unknown)
    #expect(try same(Self.lab, .at(between(4)), reader).verdict == .same)
    let after = SameQuestion.Time.range(since: time(4), until: time(6))
    #expect(try same(Self.web, after, reader).verdict == .unknown)
  }

  @Test("an export by name has the time in which the process had that name")
  func export() throws {
    let reader = try history.end()
    func rows(_ filter: ExportFilter) throws -> [ExportRow] {
      var found: [ExportRow] = []
      try reader.export(filter) {
        found.append($0)
        return true
      }
      return found
    }
    for (name, comms, pids) in [
      (ProcessSelector.comm("nginx"), ["nginx"], [10]), (.comm("worker"), ["worker"], [10]),
      (.container(Self.web), ["nginx", "p12"], [10, 12]),
      (.container(Self.lab), ["p12", "p20", "worker"], [10, 12, 20]),
    ] as [(ProcessSelector, [String], [Int64])] {
      var filter = ExportFilter(types: [.net])
      filter.names = [name]
      let found = try rows(filter)
      #expect(Set(found.compactMap(\.comm)).sorted() == comms, "\(found)")
      #expect(Set(found.map(\.pid)).sorted() == pids)
      if name == .comm("nginx") { #expect(found.map(\.until).max() == time(3), "\(found)") }
      if name == .comm("worker") { #expect(found.map(\.from).min() == time(4), "\(found)") }
      // A process that is also selected by PID is exported for all times.
      filter.pids = [10]
      #expect(Set(try rows(filter).filter { $0.pid == 10 }.compactMap(\.comm)).count == 2)
    }
  }

  @Test("changes of a container are those of its processes and of visitors of its own namespaces")
  func visitors() throws {
    // Process 40 enters the net namespace of process 12, which container `web` had first.
    for isThere in [true, false] {
      try history.sample([
        .init(pid: 12, cgroup: Self.cgroup(Self.lab), elsewhere: [.net: 5]),
        .init(pid: 20, cgroup: Self.cgroup(Self.lab), elsewhere: [.net: 5]),
        .init(pid: 40, elsewhere: isThere ? [.net: 5] : [:]),
      ])
    }
    let reader = try history.end()
    let found = try changes(ChangesQuestion(container: Self.web), reader)
    let visits = found.filter { $0.process?.pid == 40 }
    #expect(visits.map(\.kind) == [.moved, .moved], "\(found)")
    #expect(visits.first?.marks == [.joined] && visits.last?.marks == [.leftContainer])
    #expect(found.contains { $0.process?.pid == 20 } && !found.contains { $0.process?.pid == 30 })
    // A process that is no longer in the container may still leave the container's own namespaces.
    let left = found.filter { $0.process?.pid == 10 && ($0.by ?? 0) > time(4) }
    #expect(left.allSatisfy { $0.parts.map(\.from?.kernelID).contains(4002) }, "\(left)")
  }

  @Test("a namespace whose ID is learned late gives one history entry")
  func lateIdentity() throws {
    let small = try SmallHistory()
    let known = SmallHistory.namespace(.net, 7)
    let unknown = ObservedNamespace(
      type: .net, inode: known.inode, kernelID: nil, inodeGeneration: 0, isInitial: false)
    for namespace in [unknown, unknown, known, known] {
      try small.sample([.init(pid: 1), .init(pid: 10, namespaces: [.net: namespace])])
    }
    let reader = try small.end()
    let found = try entries(.pid(10), reader)
    #expect(found.count == 1 && found.first?.links[.net]?.namespace?.kernelID == known.kernelID)
  }
}
