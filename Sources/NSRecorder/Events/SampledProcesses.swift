internal import NamespaceModel

/// What samples showed of processes: each tells only what is new.
struct SampledProcesses {
  private(set) var processes: [ProcessToken: Process] = [:]
  /// The threads that are tasks of their own, of those that the last sample read.
  private(set) var threads: [ProcessToken: Process] = [:]
  /// Of the processes whose description the last sample found changed, when it was read before.
  private(set) var redescribed: [ProcessToken: Int64] = [:]
  private var sets: [[LinkState]: ObservedSet] = [:]
  /// The processes with a number; empty until one is looked for in what the last sample showed.
  private var tokens: [Int32: [ProcessToken]] = [:]

  /// A process as the last sample saw it, or a thread.
  struct Process {
    private let apart: Thread?
    var facts: ProcessFacts
    var description: ProcessDescription
    /// As they were read: which of the namespaces being followed they are shows only when all that
    /// happened up to then is taken in.
    var links: ObservedSet

    init(_ one: ProcessSample.Appearance, _ links: ObservedSet) {
      apart = one.thread.map(Thread.init)
      facts = one.facts
      description = one.description
      self.links = links
    }

    var pid: Int32 { facts.pid }
    var thread: ThreadFacts? { apart?.facts }

    /// Kept by reference: it would take room in every process, of which none is a thread.
    private final class Thread {
      let facts: ThreadFacts
      init(_ facts: ThreadFacts) { self.facts = facts }
    }

    /// Who it is, to be bound to.
    func appearance(_ token: ProcessToken) -> ProcessSample.Appearance {
      .init(token: token, facts: facts, description: description, links: [])
    }
  }

  /// The process, a zombie or none, that is certainly the one with these facts.
  mutating func same(
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

  /// Whether the last sample showed a zombie with a number.
  mutating func showZombie(_ pid: Int32) -> Bool {
    tokens(of: pid).contains { processes[$0]?.links.isZombie == true }
  }

  private mutating func tokens(of pid: Int32) -> [ProcessToken] {
    if tokens.isEmpty {
      for (token, process) in processes { tokens[process.pid, default: []].append(token) }
    }
    return tokens[pid] ?? []
  }

  subscript(token: ProcessToken) -> Process? { processes[token] }

  /// Takes in what a sample shows; gives the processes that it does not see any more.
  mutating func add(_ sample: ProcessSample) -> [ProcessToken: Process] {
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
    for news in sample.described {
      if let since = news.since { redescribed[news.token] = since }
      processes[news.token]?.description.update(news.description)
      threads[news.token]?.description.update(news.description)
    }
    return gone
  }

  /// One object for all that have the same links.
  private mutating func shared(_ links: [LinkState]) -> ObservedSet {
    if let known = sets[links] { return known }
    // Only to save memory.
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
