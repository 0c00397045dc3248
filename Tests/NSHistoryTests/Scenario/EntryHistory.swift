// Histories in which processes enter the namespaces of containers, or leave them, written event by event.

import NSHistory
import NamespaceModel
import TestSupport

/// A history that a test builds from events. Its times are in milliseconds.
struct EntryHistory {
  typealias Namespaces = [NamespaceType: UInt64]
  static let initial: Namespaces = [:]
  /// The IDs of two containers.
  static let web = String(repeating: "a", count: 64)
  static let lab = String(repeating: "b", count: 64)
  /// The cgroup of a process that is in no container.
  static let host = "0::/user.slice"
  private static let begun: Int64 = 1000 * SmallHistory.second

  /// The start of the last sample.
  private static let end: Int64 = 10_000

  /// How long the first sample takes.
  var firstLength: Int64 = 0
  /// The starts of the samples between the first and the last one.
  var between: [Int64] = []
  private var first: [ProcessSample.Appearance] = []
  private var events: [ProcessEvent] = []
  private let path: String

  init(path: String) { self.path = path }

  /// Returns the cgroup path of a container.
  static func cgroup(_ id: String) -> String { "0::/system.slice/docker-\(id).scope" }

  static func wall(_ time: Int64) -> WallTime { reading(time).wall }

  private static func reading(_ time: Int64) -> ClockReading {
    let boot = begun + time * 1_000_000
    return ClockReading(wall: SmallHistory.epoch + boot, boot: boot, monotonic: boot)
  }

  private static func links(
    _ namespaces: Namespaces, unseen: Set<NamespaceType> = []
  ) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      if unseen.contains(link.type) { return .unread(.unseen) }
      return .namespace(SmallHistory.namespace(link.type, namespaces[link.type] ?? 1))
    }
  }

  private static func facts(_ pid: Int32, parent: Int32) -> ProcessFacts {
    ProcessFacts(pid: pid, startTicks: 1, parentPID: parent, isKernelThread: false, nspid: [pid])
  }

  private static func token(_ pid: Int32) -> ProcessToken { ProcessToken(number: UInt64(pid)) }

  /// Adds a process that the first sample shows.
  mutating func sampled(_ pid: Int32, _ namespaces: Namespaces, _ cgroup: String) {
    first.append(
      .init(
        token: Self.token(pid), facts: Self.facts(pid, parent: 1),
        description: .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: Array(cgroup.utf8)),
        links: Self.links(namespaces)))
  }

  private mutating func add(_ time: Int64, _ change: ProcessEvent.Change) {
    events.append(ProcessEvent(boot: Self.reading(time).boot, change))
  }

  mutating func start(
    _ pid: Int32, by parent: Int32, _ namespaces: Namespaces, inherited cgroup: String,
    at time: Int64
  ) {
    add(
      time,
      .started(
        EventStart(
          token: Self.token(pid), parent: Self.token(parent),
          facts: Self.facts(pid, parent: parent),
          description: .init(
            comm: Array("p\(parent)".utf8), uid: 0, cgroup: Array(cgroup.utf8),
            inherited: [.user, .cgroup]), set: ObservedSet(links: Self.links(namespaces)))))
  }

  /// Moves a process to other namespaces.
  ///
  /// - Parameter unseen: the types for which no event reports the namespace from now on.
  mutating func move(
    _ pid: Int32, _ namespaces: Namespaces, unseen: Set<NamespaceType> = [], at time: Int64
  ) {
    add(
      time, .moved(Self.token(pid), ObservedSet(links: Self.links(namespaces, unseen: unseen))))
  }

  /// Lets a process execute a program without a read of its cgroup.
  mutating func rename(_ pid: Int32, _ name: String, inherited cgroup: String, at time: Int64) {
    add(
      time,
      .described(
        Self.token(pid),
        .init(
          comm: Array(name.utf8), uid: 0, cgroup: Array(cgroup.utf8), inherited: [.user, .cgroup])))
  }

  /// Adds a read of the cgroup of a process.
  ///
  /// - Parameter changed: the earliest time of the change to this cgroup, if a sample has read it before.
  mutating func read(
    _ pid: Int32, _ cgroup: String, changedSince changed: Int64? = nil, at time: Int64
  ) {
    var description = ProcessDescription(
      comm: Array("p\(pid)".utf8), uid: 0, cgroup: Array(cgroup.utf8))
    description.changedSince = changed.map { Self.reading($0).boot }
    add(time, .described(Self.token(pid), description))
  }

  /// Moves a thread of a process to other namespaces. Its TID is also the number of its token.
  mutating func diverge(
    _ tid: Int32, of pid: Int32, from before: Namespaces, to namespaces: Namespaces, at time: Int64
  ) {
    add(
      time,
      .started(
        EventStart(
          token: Self.token(tid), parent: Self.token(pid), tid: tid,
          origin: .moved(from: Self.links(before)), facts: Self.facts(pid, parent: 1),
          description: .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: nil),
          set: ObservedSet(links: Self.links(namespaces)))))
  }

  /// Adds a process that a thread created.
  mutating func start(
    _ pid: Int32, byThread tid: Int32, of parent: Int32, _ namespaces: Namespaces, at time: Int64
  ) {
    add(
      time,
      .started(
        EventStart(
          token: Self.token(pid), parent: Self.token(tid), facts: Self.facts(pid, parent: parent),
          description: .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: nil),
          set: ObservedSet(links: Self.links(namespaces)))))
  }

  mutating func exit(_ pid: Int32, at time: Int64) {
    add(time, .exited(Self.token(pid), mayResume: false))
  }

  /// Writes the history, with a sample before all events and one after them, and returns a reader.
  ///
  /// - Parameter folded: the number of omitted changes.
  func reader(folded: Int = 0) throws -> HistoryReader {
    var events = events
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SmallHistory.session(hasEvents: true, started: Self.reading(0)))
    var sample = ProcessSample(start: Self.reading(0))
    sample.end = Self.reading(firstLength)
    sample.appeared = first
    sample.hasAllDescriptions = true
    sample.hasThreads = true
    _ = try writer.write(sample, SampleTiming())
    for time in between.sorted() + [Self.end] {
      var batch = EventBatch(epoch: SmallHistory.epoch)
      batch.events = events.filter { $0.boot <= Self.reading(time).boot }.sorted {
        $0.boot < $1.boot
      }
      events.removeAll { $0.boot <= Self.reading(time).boot }
      guard batch.isEmpty || writer.add(batch) else { throw EventHistory.Refusal() }
      _ = try writer.writeEvents()
      var sample = ProcessSample(start: Self.reading(time))
      sample.hasAllDescriptions = true
      sample.hasThreads = true
      _ = try writer.write(
        sample, SampleTiming(isExact: true, folded: time == Self.end ? folded : 0))
    }
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }
}
