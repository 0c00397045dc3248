// A history of many namespaces, given by the state of each process in each sample, which `HistoryWriter` writes.
// `RandomWorld` generates it.

import NSHistory
import NamespaceModel
import TestSupport

/// A history as a list of samples.
struct RandomHistory {
  /// A sample, and what happened before it.
  struct Step {
    var gap: GapCause?
    var startsSession = false
    /// By how much the wall clock was set before the sample, in nanoseconds.
    var clockStep: Int64 = 0
  }

  /// A process. Its number is its index in `processes`.
  struct Process {
    let pid: Int32
    let parentPID: Int32
    /// The first sample that shows the process.
    let first: Int
    /// The start, on the boot clock.
    let processStart: Int64
  }

  /// The state of a PID in a sample.
  struct Observation: Equatable {
    let process: Int
    var links: [LinkState]

    subscript(link: NamespaceLink) -> LinkState { links[Int(link.rawValue)] }
  }

  /// The identity of a namespace.
  struct Key: Hashable, CustomStringConvertible {
    let type: NamespaceType
    let inode: UInt64
    let id: UInt64?

    var description: String { "\(type):\(inode)#\(id ?? 0)" }
    var isInitial: Bool { InitialNamespace.hasFixedInode(inode) }
  }

  var steps: [Step] = []
  /// Whether processes are in containers.
  var hasContainers = true
  var processes: [Process] = []
  /// The states in each sample, by PID.
  var samples: [[Int32: Observation]] = []

  var count: Int { steps.count }

  /// Returns the wall-clock time at the start of a sample.
  func start(_ sample: Int) -> WallTime {
    HistoryScript.epoch + HistoryScript.boot(sample)
      + steps[...sample].reduce(0) { $0 + $1.clockStep }
  }
  func end(_ sample: Int) -> WallTime { start(sample) + HistoryScript.second }

  /// Returns the start of a process as it is recorded.
  func startWall(_ process: Int) -> WallTime {
    let process = processes[process]
    return start(process.first) - HistoryScript.boot(process.first) + process.processStart
  }

  /// Whether there is a gap before a sample.
  func isCutOff(_ sample: Int) -> Bool {
    sample == 0 || steps[sample].startsSession || steps[sample].gap != nil
  }

  /// Whether intervals are split before a sample.
  func isBound(_ sample: Int) -> Bool { isCutOff(sample) || steps[sample].clockStep != 0 }

  /// Returns the state of a process in a sample; nil if the sample does not show it.
  func observation(_ process: Int, _ sample: Int) -> Observation? {
    guard samples.indices.contains(sample),
      let observation = samples[sample][processes[process].pid], observation.process == process
    else { return nil }
    return observation
  }

  /// Returns the namespace of a link of a process in a sample; nil if the link was not read.
  func namespace(_ process: Int, _ sample: Int, _ link: NamespaceLink) -> Key? {
    observation(process, sample).flatMap { $0[link].key }
  }

  /// Returns the samples that show a process.
  func observedSamples(_ process: Int) -> [Int] {
    samples.indices.filter { observation(process, $0) != nil }
  }

  /// Every namespace that a link led to.
  var namespaces: Set<Key> {
    Set(samples.flatMap { $0.values.flatMap { $0.links.compactMap(\.key) } })
  }

  /// Writes the history into a new file, and returns the writer.
  ///
  /// - Parameters:
  ///   - ends: whether the last session is ended.
  ///   - beginning: the first sample that is written.
  func write(_ path: String, ends: Bool, from beginning: Int = 0) throws -> HistoryWriter {
    let writer = try HistoryWriter(path: path)
    for index in steps.indices.dropFirst(beginning) {
      let startsSession = index == beginning || steps[index].startsSession
      if startsSession {
        if index > beginning { try writer.endSession(.stopped) }
        try writer.beginSession(Self.session(reading(index, 0)))
      }
      _ = try writer.write(
        sample(index, startsSession: startsSession),
        SampleTiming(gap: startsSession ? nil : steps[index].gap))
    }
    if ends { try writer.endSession(.completed) }
    return writer
  }

  private func sample(_ index: Int, startsSession: Bool) -> ProcessSample {
    var sample = ProcessSample(start: reading(index, 0))
    sample.end = reading(index, HistoryScript.second)
    let before = startsSession ? [:] : samples[index - 1]
    for (pid, old) in before where samples[index][pid]?.process != old.process {
      sample.disappeared.append(token(old))
    }
    for (pid, now) in samples[index].sorted(by: { $0.key < $1.key }) {
      guard let old = before[pid], old.process == now.process else {
        sample.appeared.append(appearance(now))
        continue
      }
      if old.links != now.links {
        sample.changed.append(.init(token: token(now), links: now.links))
      }
    }
    return sample
  }

  private func appearance(_ observation: Observation) -> ProcessSample.Appearance {
    let process = processes[observation.process]
    return .init(
      token: token(observation),
      facts: ProcessFacts(
        pid: process.pid, startTicks: UInt64(process.processStart / (HistoryScript.second / 100)),
        parentPID: process.parentPID, isKernelThread: false, nspid: []),
      description: .init(
        comm: Array("p\(observation.process)".utf8), uid: 0,
        cgroup: hasContainers ? Array(TestContainer.cgroup(of: observation.process).utf8) : nil,
        program: Program(
          executable: Array("/bin/p\(observation.process % 3)".utf8),
          commandLine: Array("p\(observation.process % 5)\0-x".utf8)),
        login: Login(uid: .max, session: Int32(observation.process % 7), terminal: 0)),
      links: observation.links)
  }

  private func token(_ observation: Observation) -> ProcessToken {
    ProcessToken(number: UInt64(observation.process + 1))
  }

  private func reading(_ sample: Int, _ later: Int64) -> ClockReading {
    let boot = HistoryScript.boot(sample) + later
    return ClockReading(wall: start(sample) + later, boot: boot, monotonic: boot)
  }

  private static func session(_ started: ClockReading) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
      program: "test", interval: 10 * HistoryScript.second, identity: "name_to_handle_at",
      procRoot: "/proc",
      shownPIDNamespace: ObservedNamespace(
        type: .pid, inode: InitialNamespace.pidInode, kernelID: 5, inodeGeneration: 0,
        isInitial: true),
      started: started)
  }
}

extension LinkState {
  /// The identity of the namespace; nil if the link was not read.
  var key: RandomHistory.Key? {
    guard case .namespace(let namespace) = self else { return nil }
    return .init(type: namespace.type, inode: namespace.inode, id: namespace.kernelID)
  }
}

extension NamespaceRecord {
  var key: RandomHistory.Key { .init(type: type, inode: inode, id: kernelID) }
}

extension RandomHistory {
  /// One line for each sample and for each change of a process, for the message of a failure.
  var excerpt: String {
    samples.indices.map { index in
      let step = steps[index]
      let news = samples[index].values.sorted { $0.process < $1.process }.compactMap {
        observation in
        let old = self.observation(observation.process, index - 1)
        let links = NamespaceLink.allCases.filter { old?[$0] != observation[$0] }.map { link in
          "\(link.fileName)=\(observation[link].key.map { "\($0.inode)#\($0.id ?? 0)" } ?? "unread")"
        }
        return links.isEmpty
          ? nil
          : "  p\(observation.process) pid \(processes[observation.process].pid) of "
            + "\(processes[observation.process].parentPID): \(links.joined(separator: " "))"
      }
      let gone =
        index == 0
        ? []
        : samples[index - 1].values.map(\.process)
          .filter { observation($0, index) == nil }.sorted()
      return "sample \(index) gap \(step.gap != nil) session \(step.startsSession) "
        + "step \(step.clockStep) gone \(gone)\n" + news.joined(separator: "\n")
    }.joined(separator: "\n")
  }
}
