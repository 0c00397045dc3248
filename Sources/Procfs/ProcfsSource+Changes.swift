// Builds the sample of a pass: all changes since the last sample that the source returned.

internal import NamespaceModel

extension ProcfsSource {
  /// Adds to the sample all changes since the last sample that the source returned.
  func emitChanges(into sample: inout ProcessSample) {
    sample.counts.processes = processCount
    sample.hasThreads = readsThreads
    sample.hasSharingThreads = readsThreads
    sample.disappeared = gone
    gone.removeAll()
    let initial = initialInodes()
    sample.initialInodes = initial
    var shared = SharedValues()
    sample.appeared.reserveCapacity(pendingFacts.count)
    let due = descriptions.due(in: entries)
    sample.hasAllDescriptions = due.count == entries.count
    for index in entries.indices {
      if index % Self.pauseEvery == 0 { onPause?() }
      if let thread = entries[index].thread {
        if !thread.isTask {
          entries[index].pendingChange = .none
          sample.threadObservations.append(observation(entries[index], thread, initial, &shared))
        }
      } else if entries[index].isDenied {
        sample.counts.denied += 1
        sample.counts.firstDenied = sample.counts.firstDenied ?? entries[index].pid
      }
      if entries[index].thread == nil, entries[index].directory < 0,
        entries[index].startTicks != nil
      {
        sample.counts.notHeldOpen += 1
      }
      guard
        entries[index].isTask,
        entries[index].pendingChange != .none || entries[index].descriptionsDue > 0
          || due.contains(index)
      else { continue }
      let entry = entries[index]
      switch entry.pendingChange {
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
            description: learn(shared.description(of: describe(entry)), of: entry).description,
            links: states(of: entry, initial, &shared)))
      case .changed:
        sample.changed.append(
          .init(token: entry.token, links: states(of: entry, initial, &shared)))
        sample.described.append(learn(describe(entry), of: entry))
        // A container runtime sets up the namespaces first and executes its program afterwards.
        entries[index].descriptionsDue = 1
      case .none, .gone:
        let isYoung = entry.descriptionsDue > 0
        if isYoung { entries[index].descriptionsDue -= 1 }
        // A zombie has lost some parts of its description, and the others no longer change. A kernel
        // thread changes its name with its current work (`kworker/0:1-events`).
        guard !entry.isKernelThread, isYoung || !entry.isZombie else { break }
        let known = descriptions.lastRead(entry.token)
        if !isYoung, let known, isUnchanged(known, entry) {
          known.confirm(at: passStart.boot)
          break
        }
        let before = known?.description
        let read = learn(describe(entry), of: entry)
        if isYoung || descriptions[entry.token] != before {
          sample.described.append(read)
        }
      }
      entries[index].pendingChange = .none
    }
    // Release the memory: after a first pass the dictionary is large.
    if pendingFacts.isEmpty { pendingFacts = [:] }
  }

  private func observation(
    _ entry: ProcessEntry, _ thread: ProcessEntry.Thread, _ initial: [NamespaceType: UInt64],
    _ shared: inout SharedValues
  ) -> ProcessSample.ThreadObservation {
    ProcessSample.ThreadObservation(
      thread: ThreadFacts(
        tid: thread.tid, process: thread.process, startTicks: thread.startTicks),
      pid: entry.pid,
      links: thread.hasSameLinksAsMainThread ? nil : states(of: entry, initial, &shared))
  }

  private func states(
    of entry: ProcessEntry, _ initial: [NamespaceType: UInt64], _ shared: inout SharedValues
  ) -> [LinkState] {
    shared.states(entry.links) { states(of: entry, initial: initial) }
  }

  private func learn(
    _ read: ReadDescription, of entry: ProcessEntry
  ) -> ProcessSample.Redescription {
    let since = descriptions.learn(
      read.description, argumentStart: read.argumentStart, of: entry.token, at: passStart.boot)
    return .init(token: entry.token, description: read.description, since: since)
  }

  private func isUnchanged(
    _ known: KnownDescriptions.Known, _ entry: ProcessEntry
  ) -> Bool {
    // If the directory of the process cannot be opened, the caller reads the description, which fails
    // as well.
    do {
      return try withDirectory(of: entry) {
        descriptionCheck.isUnchanged(known.description, known.argumentStart, in: $0)
      } ?? false
    } catch { return false }
  }

  private func describe(_ entry: ProcessEntry) -> ReadDescription {
    // A part that cannot be read stays nil: a failure here does not fail the pass.
    do {
      return try withDirectory(of: entry) {
        FactsReader.description(
          in: $0, isProc: root.isProc, readsCommandLine: readsCommandLines,
          since: descriptions.lastRead(entry.token))
      } ?? (FactsReader.unknown, nil)
    } catch { return (FactsReader.unknown, nil) }
  }
}

/// A description, and the address of the arguments (`StatLine.argumentStart`) that was read with it.
typealias ReadDescription = (description: ProcessDescription, argumentStart: UInt64?)

/// Makes all processes of a pass with the same links share one array of link states, and those with the same name,
/// cgroup, executable or command line share one text. This saves memory: most processes have the same values as others,
/// and a first pass reports all processes at once.
struct SharedValues {
  private var states: [Codes: [LinkState]] = [:]
  private var texts: Set<[UInt8]> = []

  /// The ten codes of a process; see `ProcessEntry`.
  private struct Codes: Hashable {
    let codes: InlineArray<10, UInt32>

    static func == (one: Codes, other: Codes) -> Bool {
      one.codes.indices.allSatisfy { one.codes[$0] == other.codes[$0] }
    }

    func hash(into hasher: inout Hasher) {
      for index in codes.indices { hasher.combine(codes[index]) }
    }
  }

  /// Returns the link states for the codes of a process; calls `make` only for codes that are new.
  mutating func states(
    _ codes: InlineArray<10, UInt32>, _ make: () -> [LinkState]
  ) -> [LinkState] {
    let key = Codes(codes: codes)
    if let known = states[key] { return known }
    let made = make()
    states[key] = made
    return made
  }

  /// Returns the description of a new process, with texts that are shared.
  ///
  /// Leaves the parent out, since the facts of an appearance have it (`ProcessFacts.parentPID`), as it was when the
  /// process was found. The parent may have exited since: an appearance with two parents would not say which is
  /// recorded. The next pass reads and reports the description of each new process in any case
  /// (`ProcessEntry.descriptionsDue`), so the missing parent costs no read. The descriptions of kernel threads are read
  /// once only.
  mutating func description(of read: ReadDescription) -> ReadDescription {
    let new = read.description
    let program = new.program.map {
      Program(
        executable: text($0.executable), commandLine: text($0.commandLine), truncated: $0.truncated)
    }
    return (
      ProcessDescription(
        comm: text(new.comm), uid: new.uid, cgroup: text(new.cgroup), program: program,
        login: new.login),
      read.argumentStart
    )
  }

  private mutating func text(_ new: [UInt8]?) -> [UInt8]? {
    new.map { texts.insert($0).memberAfterInsert }
  }
}
