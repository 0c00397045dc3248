internal import NamespaceModel

/// The processes and threads as the samples so far show them; each sample reports only the differences
/// from the previous one.
final class SampledProcesses {
  private(set) var processes: [ProcessToken: Process] = [:]
  /// The threads that the samples show as tasks of their own.
  private(set) var threads: [ProcessToken: Process] = [:]
  /// For the processes whose description the last sample read again: the start of the last pass that read the
  /// previous description.
  private(set) var redescribed: [ProcessToken: BootTime] = [:]
  private var sets: [[LinkState]: ObservedSet] = [:]
  /// The tokens of the processes by PID; empty until a PID is first looked up after a sample.
  private var tokens: [Int32: [ProcessToken]] = [:]

  /// A process or thread as the last sample observed it.
  struct Process {
    private let apart: Thread?
    var facts: ProcessFacts
    var description: ProcessDescription
    /// The links as the sample read them. To which tracked namespaces they lead is certain only when all
    /// events up to the sample have been applied.
    var links: ObservedSet

    init(_ one: ProcessSample.Appearance, _ links: ObservedSet) {
      apart = one.thread.map(Thread.init)
      facts = one.facts
      description = one.description
      self.links = links
    }

    var pid: Int32 { facts.pid }
    var thread: ThreadFacts? { apart?.facts }

    /// A class, so that a process, which has no thread facts, stores only a nil reference.
    private final class Thread {
      let facts: ThreadFacts
      init(_ facts: ThreadFacts) { self.facts = facts }
    }

    /// Returns an appearance without links, from which a tracked task adopts its facts and token.
    func appearance(_ token: ProcessToken) -> ProcessSample.Appearance {
      .init(token: token, facts: facts, description: description, links: [])
    }
  }

  /// Returns the process that certainly has these facts and is a zombie exactly if `isZombie` is true;
  /// nil if there is none.
  func same(
    as facts: ProcessFacts, isZombie: Bool
  ) -> (ProcessToken, Process)? {
    for token in tokens(of: facts.pid) {
      if let process = processes[token], process.facts.isSame(facts),
        process.links.isZombie == isZombie
      {
        return (token, process)
      }
    }
    return nil
  }

  /// Whether the last sample showed a zombie with a PID.
  func showZombie(_ pid: Int32) -> Bool {
    tokens(of: pid).contains { processes[$0]?.links.isZombie == true }
  }

  private func tokens(of pid: Int32) -> [ProcessToken] {
    if tokens.isEmpty {
      for (token, process) in processes { tokens[process.pid, default: []].append(token) }
    }
    return tokens[pid] ?? []
  }

  subscript(token: ProcessToken) -> Process? { processes[token] }

  /// Applies a sample, and returns the processes that it does not show any more.
  func add(_ sample: ProcessSample) -> [ProcessToken: Process] {
    var gone: [ProcessToken: Process] = [:]
    tokens.removeAll()
    for token in sample.disappeared {
      gone[token] = processes.removeValue(forKey: token)
      threads[token] = nil
    }
    for one in sample.appeared {
      let process = Process(one, shared(one.links))
      if one.thread == nil { processes[one.token] = process } else { threads[one.token] = process }
    }
    for change in sample.changed {
      let links = shared(change.links)
      processes[change.token]?.links = links
      threads[change.token]?.links = links
    }
    redescribed.removeAll(keepingCapacity: true)
    for redescription in sample.described {
      if let since = redescription.since { redescribed[redescription.token] = since }
      processes[redescription.token]?.description.update(redescription.description)
      threads[redescription.token]?.description.update(redescription.description)
    }
    return gone
  }

  /// Forgets the program that a sample read of a process, because the process has executed another one.
  func forgetProgram(of token: ProcessToken) {
    processes[token]?.description.program = nil
  }

  /// Returns the shared object for these links.
  private func shared(_ links: [LinkState]) -> ObservedSet {
    if let known = sets[links] { return known }
    // The objects are shared only to save memory, so that they can be dropped at any time.
    if sets.count >= 4096 { sets.removeAll() }
    let set = ObservedSet(links: links)
    sets[links] = set
    return set
  }
}

extension ObservedSet {
  /// Whether the process is a zombie.
  var isZombie: Bool { links.contains(.unread(.zombie)) }
}
