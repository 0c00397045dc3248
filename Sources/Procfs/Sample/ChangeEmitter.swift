internal import NamespaceModel

/// Builds the sample of a pass: all changes since the last sample that the source returned.
///
/// The emitter stores the changes of a failed pass, so that the next sample reports them too.
final class ChangeEmitter {
  private let table: ProcessTable
  private let links: LinkCache
  private let pauses: PassPauses
  /// Whether command lines are read.
  private let readsCommandLines: Bool
  private var gone: [ProcessToken] = []
  private var facts: [ProcessToken: ProcessFacts] = [:]
  /// How the namespaces of a thread came to differ from those of its process, for each thread that is reported for the
  /// first time.
  private var origins: [ProcessToken: ThreadOrigin] = [:]
  private var unproven: Set<ProcessToken> = []
  private var descriptions = KnownDescriptions()
  private let descriptionCheck: DescriptionCheck

  init(
    table: ProcessTable, links: LinkCache, pauses: PassPauses, readsCommandLines: Bool
  ) {
    self.table = table
    self.links = links
    self.pauses = pauses
    self.readsCommandLines = readsCommandLines
    descriptionCheck = DescriptionCheck(isProc: table.root.isProc)
  }

  // MARK: Collecting

  /// Begins a pass.
  func beginPass() { unproven.removeAll() }

  /// Notes the facts of a new process, to report its appearance.
  ///
  /// - Parameter isUnproven: whether the process may be a known one that is reported as gone, because PID and start time
  ///   do not distinguish the two.
  func addProcess(_ facts: ProcessFacts, _ token: ProcessToken, isUnproven: Bool) {
    self.facts[token] = facts
    if isUnproven { unproven.insert(token) }
  }

  /// Notes the facts of the process of a thread that has become a task of its own, to report its appearance.
  func addThread(_ facts: ProcessFacts, _ token: ProcessToken, _ origin: ThreadOrigin) {
    self.facts[token] = facts
    origins[token] = origin
  }

  /// Notes the tasks that have exited. Reports an exit only for tasks that were reported before.
  func remove(_ entries: [ProcessEntry]) {
    for entry in entries {
      origins[entry.token] = nil
      descriptions.forget(entry.token)
      if facts.removeValue(forKey: entry.token) == nil, entry.isTask { gone.append(entry.token) }
    }
  }

  // MARK: Reporting

  /// Adds to the sample all changes since the last sample that the source returned.
  func emitChanges(into sample: inout ProcessSample) {
    sample.counts.processes = table.processCount
    sample.disappeared = gone
    gone.removeAll()
    sample.unproven = unproven
    let initial = links.initialInodes()
    sample.initialInodes = initial
    var shared = SharedValues()
    sample.appeared.reserveCapacity(facts.count)
    let due = descriptions.due(in: table.entries)
    sample.hasAllDescriptions = due.count == table.entries.count
    for index in table.entries.indices {
      pauses.pauseOnly(before: index)
      if let thread = table.entries[index].thread {
        if !thread.isTask {
          table.entries[index].pendingChange = .none
          sample.threadObservations.append(
            observation(table.entries[index], thread, initial, &shared))
        }
      } else {
        count(table.entries[index], in: &sample.counts)
      }
      guard
        table.entries[index].isTask,
        table.entries[index].pendingChange != .none || table.entries[index].descriptionsDue > 0
          || due.contains(index)
      else { continue }
      emit(index, initial, &shared, into: &sample)
      table.entries[index].pendingChange = .none
    }
    // Release the memory: after a first pass the dictionary is large.
    if facts.isEmpty { facts = [:] }
  }

  private func count(_ process: ProcessEntry, in counts: inout ProcessSample.Counts) {
    if process.isDenied {
      counts.denied += 1
      counts.firstDenied = counts.firstDenied ?? process.pid
    }
    if process.directory < 0, process.startTicks != nil { counts.notHeldOpen += 1 }
  }

  private func emit(
    _ index: Int, _ initial: [NamespaceType: UInt64], _ shared: inout SharedValues,
    into sample: inout ProcessSample
  ) {
    let entry = table.entries[index]
    switch entry.pendingChange {
    case .appeared:
      guard let facts = facts.removeValue(forKey: entry.token) else { break }
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
      sample.changed.append(.init(token: entry.token, links: states(of: entry, initial, &shared)))
      sample.described.append(learn(describe(entry), of: entry))
      // A container runtime sets up the namespaces first and executes its program afterwards.
      table.entries[index].descriptionsDue = 1
    case .none, .gone:
      let isYoung = entry.descriptionsDue > 0
      if isYoung { table.entries[index].descriptionsDue -= 1 }
      // A zombie has lost some parts of its description, and the others no longer change. A kernel
      // thread changes its name with its current work (`kworker/0:1-events`).
      guard !entry.isKernelThread, isYoung || !entry.isZombie else { break }
      let known = descriptions.lastRead(entry.token)
      if !isYoung, let known, isUnchanged(known, entry) {
        known.confirm(at: table.pass.start.boot)
        break
      }
      let before = known?.description
      let read = learn(describe(entry), of: entry)
      if isYoung || descriptions[entry.token] != before { sample.described.append(read) }
    }
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
    shared.states(entry.links) { links.states(entry.links, initial: initial) }
  }

  // MARK: Descriptions

  private func learn(
    _ read: ReadDescription, of entry: ProcessEntry
  ) -> ProcessSample.Redescription {
    let since = descriptions.learn(
      read.description, argumentStart: read.argumentStart, of: entry.token,
      at: table.pass.start.boot)
    return .init(token: entry.token, description: read.description, since: since)
  }

  private func isUnchanged(_ known: KnownDescriptions.Known, _ entry: ProcessEntry) -> Bool {
    // If the directory of the process cannot be opened, the caller reads the description, which fails
    // as well.
    do {
      return try table.withDirectory(of: entry) {
        descriptionCheck.isUnchanged(known.description, known.argumentStart, in: $0)
      } ?? false
    } catch { return false }
  }

  private func describe(_ entry: ProcessEntry) -> ReadDescription {
    // A failure here leaves the part nil, and does not fail the pass.
    do {
      return try table.withDirectory(of: entry) {
        FactsReader.description(
          in: $0, isProc: table.root.isProc, readsCommandLine: readsCommandLines,
          since: descriptions.lastRead(entry.token))
      } ?? (FactsReader.unknown, nil)
    } catch { return (FactsReader.unknown, nil) }
  }
}
