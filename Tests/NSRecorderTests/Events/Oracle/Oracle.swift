// Compares the reported history of a simulated machine with its actual state, after each event and each sample.

import NamespaceModel

@testable import NSRecorder

/// The oracle of the random tests: applies the reports to a history, and lists every difference to the actual state.
struct Oracle {
  private(set) var history = ReportedHistory()
  private(set) var faults: [String] = []
  /// The number of compared links, and how many of them were reported as unseen or without an ID.
  private(set) var compared = 0
  private(set) var vague = 0
  private var truth: [Int32: ActualTask] = [:]
  private var next = 0
  private var ids: [ObservedNamespace: UInt64] = [:]
  /// The threads that were reported at the last event.
  private var threads: Set<Int32> = []

  private struct ActualTask {
    let pid: Int32
    var links: [SimulatedNamespace]
    var states: [LinkState]
    /// The time at which the main thread exited while other threads run.
    var mainThreadExitedAt: Int64?
    var mainThreadHasExited: Bool { mainThreadExitedAt != nil }
  }

  /// Applies a batch, and compares after each of its moments.
  mutating func check(_ batch: EventBatch, _ machine: SimulatedMachine) {
    for (index, event) in batch.events.enumerated() {
      history.apply(event)
      let isLast = index + 1 == batch.events.count || batch.events[index + 1].boot > event.boot
      guard isLast else { continue }
      advance(to: event.boot.nanoseconds, machine)
      let before = threads
      compare(at: event.boot.nanoseconds)
      // Once reported as a task, a thread stays one until it exits, in whatever namespaces it is.
      for tid in before.subtracting(threads) where truth[tid].map({ $0.pid != tid }) == true {
        faults.append("\(event.boot.nanoseconds): thread \(tid) is not reported any more, and runs")
      }
    }
  }

  /// Applies a sample, and compares.
  ///
  /// - Parameter moment: the time of the state that the sample shows.
  mutating func check(_ sample: ProcessSample, at moment: Int64, _ machine: SimulatedMachine) {
    history.apply(sample)
    advance(to: moment, machine)
    compare(at: moment)
  }

  /// Checks that every change up to a moment was reported.
  mutating func check(upTo moment: Int64, _ machine: SimulatedMachine) {
    advance(to: moment, machine)
    compare(at: moment)
  }

  private mutating func advance(to time: Int64, _ machine: SimulatedMachine) {
    while next < machine.truth.count, machine.truth[next].time <= time {
      let entry = machine.truth[next]
      next += 1
      let hasThreads = truth.contains { $0.value.pid == entry.pid && $0.key != entry.pid }
      if let links = entry.links {
        truth[entry.tid] = ActualTask(pid: entry.pid, links: links, states: entry.states)
      } else if entry.tid == entry.pid, hasThreads {
        truth[entry.tid]?.mainThreadExitedAt = entry.time
      } else {
        truth[entry.tid] = nil
        if truth[entry.pid]?.mainThreadHasExited == true,
          !truth.contains(where: { $0.value.pid == entry.pid && $0.key != entry.pid })
        {
          truth[entry.pid] = nil
        }
      }
    }
  }

  private mutating func compare(at time: Int64) {
    faults += history.faults.dropFirst(faults.count)
    var reported: [Int32: ReportedHistory.Task] = [:]
    for task in history.tasks.values
    where !task.isZombie || truth[task.pid]?.mainThreadHasExited == true {
      reported[task.tid ?? task.pid] = task
    }
    threads = Set(reported.values.compactMap(\.tid))
    var live: [Key: ObservedNamespace] = [:]
    for (tid, actual) in truth {
      let process = truth[actual.pid]
      guard let task = reported.removeValue(forKey: tid) else {
        if tid == actual.pid { faults.append("\(time): \(tid) is not reported") }
        if tid != actual.pid, let process, !process.mainThreadHasExited,
          isElsewhere(actual, process)
        {
          faults.append("\(time): thread \(tid) of \(actual.pid) is not reported")
        }
        continue
      }
      if let mainThreadExitedAt = actual.mainThreadExitedAt {
        // The follower waits for this delay before it reports a zombie: all threads may be exiting, or one may be
        // executing a program.
        if !task.isZombie, time - mainThreadExitedAt > Lookahead.longest {
          faults.append("\(time): \(tid) is reported as running, and its main thread has exited")
        }
        continue
      }
      compare(task, actual, at: time, &live)
    }
    for (tid, task) in reported {
      faults.append("\(time): \(tid) of \(task.pid) is reported, and does not exist")
    }
  }

  private struct Key: Hashable {
    let type: NamespaceType
    let inode: UInt64
  }

  private func isElsewhere(_ one: ActualTask, _ other: ActualTask) -> Bool {
    NamespaceType.allCases.contains { type in
      one.links[Int(type.link.rawValue)] !== other.links[Int(type.link.rawValue)]
    }
  }

  private mutating func compare(
    _ task: ReportedHistory.Task, _ actual: ActualTask, at time: Int64,
    _ live: inout [Key: ObservedNamespace]
  ) {
    for link in NamespaceLink.allCases {
      let reported = task.links[Int(link.rawValue)]
      compared += 1
      var isRight = reported == actual.states[Int(link.rawValue)]
      if case .namespace(let namespace) = reported {
        let was = actual.links[Int(link.rawValue)]
        if namespace.kernelID == nil { vague += 1 }
        // A reported namespace always stands for the same actual one, and at any moment an inode number stands for
        // one reported namespace.
        isRight =
          namespace.inode == was.inode && namespace.type == was.type
          && (namespace.kernelID ?? was.id) == was.id
          && ids[namespace, default: was.id] == was.id && !was.isPending
          && isSame(live[Key(type: was.type, inode: was.inode)], namespace)
        ids[namespace] = was.id
        live[Key(type: was.type, inode: was.inode)] = namespace
      } else if reported == .unread(.unseen) {
        vague += 1
        // The link is in no kernel record, or its inode number may just have been reused.
        isRight = true
      }
      if !isRight {
        faults.append(
          "\(time): \(link) of \(task.tid ?? task.pid) is \(actual.states[Int(link.rawValue)]), "
            + "and reported as \(reported)")
      }
    }
  }
}

/// Whether two reported namespaces may be the same one; true if one of them has no ID.
private func isSame(_ known: ObservedNamespace?, _ reported: ObservedNamespace) -> Bool {
  guard let known, known.kernelID != nil, reported.kernelID != nil else { return true }
  return known == reported
}
