// What a pass found out, told: what is new since the last one that was handed out.

internal import NamespaceModel

extension ProcfsSource {
  /// Puts into the sample what is new since the last one that was handed out.
  func tell(_ sample: inout ProcessSample) {
    sample.counts.processes = processCount
    sample.hasThreads = readsThreads
    sample.disappeared = gone
    gone.removeAll()
    let initial = initialInodes()
    sample.initialInodes = initial
    var shared = SharedValues()
    sample.appeared.reserveCapacity(pendingFacts.count)
    for index in entries.indices {
      if index % Self.pauseEvery == 0 { onPause?() }
      if let thread = entries[index].thread {
        if !thread.isTask {
          entries[index].news = .none
          sample.companions.append(companion(entries[index], thread, initial, &shared))
        }
      } else if entries[index].isDenied {
        sample.counts.denied += 1
        sample.counts.firstDenied = sample.counts.firstDenied ?? entries[index].pid
      }
      if entries[index].thread == nil, entries[index].directory < 0,
        entries[index].startTicks != nil
      {
        sample.counts.unheld += 1
      }
      guard
        entries[index].isTask,
        entries[index].news != .none || entries[index].descriptionsDue > 0
      else { continue }
      let entry = entries[index]
      switch entry.news {
      case .appeared:
        guard let facts = pendingFacts.removeValue(forKey: entry.token) else { break }
        sample.appeared.append(
          .init(
            token: entry.token, facts: facts,
            thread: entry.thread.map {
              ThreadFacts(
                tid: $0.tid, process: $0.process, startTicks: $0.startTicks,
                origin: origins.removeValue(forKey: entry.token) ?? .unknown)
            },
            description: shared.description(describe(entry)),
            links: states(of: entry, initial, &shared)))
      case .changed:
        sample.changed.append(
          .init(token: entry.token, links: states(of: entry, initial, &shared)))
        sample.described.append(.init(token: entry.token, description: describe(entry)))
        // A runtime sets namespaces up first and runs its program after.
        entries[index].descriptionsDue = 1
      case .none, .gone:
        sample.described.append(.init(token: entry.token, description: describe(entry)))
        entries[index].descriptionsDue -= 1
      }
      entries[index].news = .none
    }
    // What it was after a first pass is much.
    if pendingFacts.isEmpty { pendingFacts = [:] }
  }

  private func companion(
    _ entry: ProcessEntry, _ thread: ProcessEntry.Thread, _ initial: [NamespaceType: UInt64],
    _ shared: inout SharedValues
  ) -> ProcessSample.Companion {
    ProcessSample.Companion(
      thread: ThreadFacts(
        tid: thread.tid, process: thread.process, startTicks: thread.startTicks),
      pid: entry.pid,
      links: thread.isLikeLeader ? nil : states(of: entry, initial, &shared))
  }

  private func states(
    of entry: ProcessEntry, _ initial: [NamespaceType: UInt64], _ shared: inout SharedValues
  ) -> [LinkState] {
    shared.states(entry.links) { states(of: entry, initial: initial) }
  }

  private func describe(_ entry: ProcessEntry) -> ProcessDescription {
    // What cannot be read of it now is left unknown: the pass stands without.
    do {
      return try withDirectory(of: entry) { FactsReader.description(in: $0) }
        ?? FactsReader.unknown
    } catch { return FactsReader.unknown }
  }
}
