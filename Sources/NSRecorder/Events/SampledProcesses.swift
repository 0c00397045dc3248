internal import NamespaceModel

/// What samples told of processes: each tells only what is new.
struct SampledProcesses {
  private(set) var processes: [ProcessToken: Process] = [:]

  /// A process as the last sample saw it.
  struct Process {
    let pid: Int32
    var facts: ProcessFacts
    var description: ProcessDescription
    var links: FollowedSet

    /// Who it is, to be bound to.
    func appearance(_ token: ProcessToken) -> ProcessSample.Appearance {
      .init(token: token, facts: facts, description: description, links: [])
    }
  }

  /// The process, no zombie, that is certainly the one with these facts.
  func same(as facts: ProcessFacts) -> (ProcessToken, Process)? {
    processes.first { $0.value.facts.isSame(facts) && !$0.value.links.isZombie }
      .map { ($0.key, $0.value) }
  }

  subscript(token: ProcessToken) -> Process? { processes[token] }

  /// Takes in what a sample tells; gives the processes that it does not see any more.
  mutating func add(_ sample: ProcessSample, _ sets: FollowedSets) -> [ProcessToken: Process] {
    var gone: [ProcessToken: Process] = [:]
    for token in sample.disappeared { gone[token] = processes.removeValue(forKey: token) }
    for one in sample.appeared {
      processes[one.token] = Process(
        pid: one.facts.pid, facts: one.facts, description: one.description,
        links: sets.set(one.links))
    }
    for change in sample.changed { processes[change.token]?.links = sets.set(change.links) }
    for news in sample.described {
      processes[news.token]?.description.update(news.description)
    }
    return gone
  }
}

extension ProcessDescription {
  /// Takes over what could be read: a process on its way out has none of it.
  mutating func update(_ new: ProcessDescription) {
    comm = new.comm ?? comm
    uid = new.uid ?? uid
    cgroup = new.cgroup ?? cgroup
  }
}
