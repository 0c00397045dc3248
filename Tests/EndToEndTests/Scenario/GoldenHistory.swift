// Writes the history about which the golden files are. `GoldenHistory+Plot.swift` describes it. It does not depend on
// the machine or on the time.

import Containers
import NSHistory
import NamespaceModel
import TestSupport

enum GoldenHistory {
  /// The state of every link of a process.
  typealias Links = [NamespaceLink: LinkState]

  /// The time of a sample on both clocks, in seconds since the first sample.
  struct Moment {
    let boot: Int64
    let wall: Int64
    var gap: GapCause?
    var startsSession = false
  }

  /// A process, with its links in each range of samples.
  struct Actor {
    let pid: Int32
    let comm: String
    let parent: Int32
    /// The start, in seconds of the boot clock since the first sample.
    let start: Double
    var entries: [(samples: ClosedRange<Int>, links: Links)]
    var uid: UInt32 = 0
    /// Nil where it could not be read.
    var cgroup: String? = "0::/system.slice/ssh.service"
    /// Its PIDs in the nested pid namespaces.
    var innerPIDs: [Int32] = []
    var isKernelThread = false

    /// Returns the index of the entry of a sample, if the actor is there. The entries are in the order of their samples.
    func entry(in sample: Int) -> Int? {
      var (low, high) = (0, entries.count)
      while low < high {
        let middle = (low + high) / 2
        if entries[middle].samples.upperBound < sample { low = middle + 1 } else { high = middle }
      }
      return low < entries.count && entries[low].samples.contains(sample) ? low : nil
    }
  }

  static let second: Int64 = 1_000_000_000
  /// 2023-11-14 22:15:00 UTC.
  static let firstWall = WallTime(nanoseconds: 1_700_000_100 * second)
  static let firstBoot = 1000 * second
  /// The duration of each sample.
  static let took = second / 50

  /// Writes the history into a new file.
  static func write(_ path: String) throws { try write(path, moments, actors) }

  /// Writes the history of some actors into a new file.
  ///
  /// - Parameters:
  ///   - names: the names of containers, by id.
  ///   - hasEvents: whether events reported all that happened between two samples: that nothing changed.
  static func write(
    _ path: String, _ moments: [Moment], _ actors: [Actor], names: [String: String] = [:],
    hasEvents: Bool = false
  ) throws {
    let writer = try HistoryWriter(path: path)
    for number in 1...moments.count {
      let moment = moments[number - 1]
      if moment.startsSession {
        if number > 1 { try writer.endSession(.stopped) }
        var info = session(reading(moment))
        info.hasEvents = hasEvents
        try writer.beginSession(info)
      }
      let isExact = hasEvents && !moment.startsSession
      _ = try writer.write(
        sample(number, moments, actors), SampleTiming(gap: moment.gap, isExact: isExact))
      let found = writer.takeUnnamedContainers().compactMap { one in
        names[one.id].map { (one, ContainerName($0)) }
      }
      if !found.isEmpty { try writer.write(Dictionary(uniqueKeysWithValues: found)) }
    }
    try writer.endSession(.completed)
  }

  private static func sample(
    _ number: Int, _ moments: [Moment], _ actors: [Actor]
  ) -> ProcessSample {
    let moment = moments[number - 1]
    var sample = ProcessSample(start: reading(moment))
    sample.end = reading(moment, later: took)
    for (index, actor) in actors.enumerated() {
      // Each session starts with a new source, which has not reported anything.
      let before = moment.startsSession ? nil : actor.entry(in: number - 1)
      let now = actor.entry(in: number)
      let token = ProcessToken(number: UInt64(index) + 1)
      switch (before, now) {
      case (nil, nil): break
      case (_?, nil): sample.disappeared.append(token)
      case (nil, let now?):
        sample.appeared.append(appearance(actor, token, actor.entries[now].links))
      case (let before?, let now?):
        let links = actor.entries[now].links
        if before != now, actor.entries[before].links != links {
          sample.changed.append(.init(token: token, links: ordered(links)))
        }
      }
    }
    let links = (sample.appeared.map(\.links) + sample.changed.map(\.links)).joined()
    let observed = Set(links.compactMap { if case .namespace(let one) = $0 { one } else { nil } })
    sample.related = relations.filter { observed.contains($0.namespace) }
    return sample
  }

  private static func appearance(
    _ actor: Actor, _ token: ProcessToken, _ links: Links
  ) -> ProcessSample.Appearance {
    let start = firstBoot + Int64(actor.start * 100) * (second / 100)
    return .init(
      token: token,
      facts: ProcessFacts(
        pid: actor.pid, startTicks: UInt64(start / (second / 100)), parentPID: actor.parent,
        isKernelThread: actor.isKernelThread, nspid: [actor.pid] + actor.innerPIDs),
      description: ProcessDescription(
        comm: Array(actor.comm.utf8), uid: actor.uid, cgroup: actor.cgroup.map { Array($0.utf8) },
        program: actor.isKernelThread
          ? nil
          : Program(
            executable: Array("/usr/bin/\(actor.comm)".utf8),
            commandLine: Array("\(actor.comm)\0--name\0a \"b\", c".utf8)),
        login: Login(
          uid: actor.uid == 0 ? Login.unset : actor.uid, session: 1,
          terminal: actor.uid == 0 ? 0 : 34_819)),
      links: ordered(links))
  }

  private static func ordered(_ links: Links) -> [LinkState] {
    NamespaceLink.allCases.map { links[$0] ?? .unread(.unsupported) }
  }

  private static func reading(_ moment: Moment, later: Int64 = 0) -> ClockReading {
    let boot = firstBoot + moment.boot * second + later
    // The monotonic clock stops while the machine is suspended, but nothing that is written depends on it.
    return ClockReading(
      wall: firstWall + (moment.wall * second + later), boot: boot, monotonic: boot)
  }

  private static func session(_ started: ClockReading) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 900,
      program: "nshist golden", interval: 5 * second, identity: "name_to_handle_at",
      // This is not the /proc of this machine, so that the owners of its cgroups are not read.
      procRoot: "/elsewhere/proc", recorderPIDNamespaceInode: InitialNamespace.pidInode,
      shownPIDNamespace: initial(.pid), started: started)
  }
}
