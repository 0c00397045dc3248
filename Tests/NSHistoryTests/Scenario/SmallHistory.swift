// A small history that a test writes step by step: samples, scans for pins, and names of containers.

import Containers
import NSHistory
import NamespaceModel
import TestSupport

/// A recording whose clock the test advances.
final class SmallHistory {
  static let second: Int64 = 1_000_000_000
  static let epoch = WallTime(nanoseconds: 1_700_000_000 * second)
  /// The pid namespace whose PIDs the recorder shows.
  static let shown = namespace(.pid, 1)

  let path: String
  let writer: HistoryWriter
  private let folder: TemporaryFolder
  private var reported: Set<UInt64> = []
  /// The processes of the sample before.
  private var known: [UInt64: Process] = [:]
  /// The boot clock.
  var boot: Int64 = 1000 * second

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    writer = try HistoryWriter(path: path)
    try begin()
  }

  var now: ClockReading { ClockReading(wall: Self.epoch + boot, boot: boot, monotonic: boot) }

  /// Begins a session.
  ///
  /// - Parameter shown: the pid namespace whose PIDs the recorder shows.
  func begin(shown: ObservedNamespace = SmallHistory.shown) throws {
    reported.removeAll()
    known.removeAll()
    try writer.beginSession(Self.session(shown: shown, started: now))
  }

  /// Returns a session of the same boot with a sample each ten seconds.
  static func session(
    shown: ObservedNamespace = SmallHistory.shown, hasEvents: Bool = false, started: ClockReading
  ) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
      program: "test", interval: 10 * second, identity: "name_to_handle_at", procRoot: "/proc",
      shownPIDNamespace: shown, hasEvents: hasEvents, started: started)
  }

  /// Returns the namespace of a type and number. Number 1 is the initial one.
  static func namespace(_ type: NamespaceType, _ number: UInt64) -> ObservedNamespace {
    ObservedNamespace(
      type: type, inode: 4_026_532_000 + UInt64(type.rawValue) * 10 + number,
      kernelID: UInt64(type.rawValue) * 1000 + number, inodeGeneration: 0, isInitial: number == 1)
  }

  /// A process that a sample shows.
  struct Process {
    var pid: Int32
    var nspid: [Int32] = []
    var cgroup = "0::/"
    /// The namespaces, by their number, of the types in which the process is not in the initial one.
    var elsewhere: [NamespaceType: UInt64] = [:]
    var namespaces: [NamespaceType: ObservedNamespace] = [:]
    /// The namespaces for its children, if they are not the process's own.
    var children: [NamespaceType: UInt64] = [:]
    var comm: String?
    /// Whether its main thread has exited.
    var isZombie = false

    fileprivate var links: [LinkState] {
      NamespaceLink.allCases.map { link in
        if isZombie, link != .pid, link != .user { return .unread(.zombie) }
        if link != link.type.link, let number = children[link.type] {
          return .namespace(SmallHistory.namespace(link.type, number))
        }
        return .namespace(
          namespaces[link.type] ?? SmallHistory.namespace(link.type, elsewhere[link.type] ?? 1))
      }
    }

    fileprivate var description: ProcessDescription {
      .init(
        comm: Array((comm ?? "p\(pid)").utf8), uid: 0, cgroup: Array(cgroup.utf8))
    }
  }

  /// Advances the clock by ten seconds, and writes a sample that shows these processes.
  func sample(_ processes: [Process], related: [NamespaceRelations] = []) throws {
    let before = boot
    boot += 10 * Self.second
    var sample = ProcessSample(start: now)
    sample.related = related
    let tokens = Set(processes.map { UInt64($0.pid) })
    sample.disappeared = reported.subtracting(tokens).map(ProcessToken.init)
    for process in processes where !reported.contains(UInt64(process.pid)) {
      sample.appeared.append(
        .init(
          token: ProcessToken(number: UInt64(process.pid)),
          facts: ProcessFacts(
            pid: process.pid, startTicks: 10 + UInt64(process.pid), parentPID: 1,
            isKernelThread: false, nspid: process.nspid.isEmpty ? [process.pid] : process.nspid),
          description: process.description, links: process.links))
    }
    for process in processes {
      let token = ProcessToken(number: UInt64(process.pid))
      guard let old = known[token.number] else { continue }
      if old.links != process.links {
        sample.changed.append(.init(token: token, links: process.links))
      }
      if old.comm != process.comm || old.cgroup != process.cgroup {
        sample.described.append(
          .init(
            token: token, description: process.description,
            since: BootTime(nanoseconds: before)))
      }
    }
    reported = tokens
    known = Dictionary(uniqueKeysWithValues: processes.map { (UInt64($0.pid), $0) })
    _ = try writer.write(sample, SampleTiming())
  }

  /// Advances the clock by a second, and writes a scan that finds these pins.
  func scan(_ pins: [NamespacePin], related: [NamespaceRelations] = []) throws {
    boot += Self.second
    var scan = PinScan(start: now)
    scan.pins = pins
    scan.related = related
    try writer.write(scan)
  }

  func end() throws -> HistoryReader {
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }
}
