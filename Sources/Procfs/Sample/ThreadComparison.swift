internal import NamespaceModel

/// Decides which threads are tasks of their own, after the namespaces of all links are known. A thread becomes a task of
/// its own when its namespaces first differ from those of its process, or when its main thread exits.
struct ThreadComparison {
  let table: ProcessTable
  let links: LinkCache
  let changes: ChangeEmitter
  /// Whether the last finished pass read the threads of every process; nil if there was none.
  let lastPassReadThreads: Bool?

  /// Compares each thread with the main thread of its process. The sample reports the results together with all other
  /// changes.
  func compare() throws(ProcfsError) {
    for index in table.entries.indices where table.entries[index].pendingChange != .gone {
      guard let thread = table.entries[index].thread else { continue }
      let leader = table.entries[thread.leader]
      // A thread is reaped automatically, so a thread that has begun to exit counts as gone.
      guard leader.pendingChange != .gone, !isExiting(table.entries[index]) else {
        table.entries[index].pendingChange = .gone
        continue
      }
      let links = table.entries[index].links
      let isLike = links.indices.allSatisfy { links[$0] == leader.links[$0] }
      table.entries[index].thread?.hasSameLinksAsMainThread = isLike
      // A thread that is a task of its own stays one until it exits: its return to the namespaces of
      // its process is reported as a move.
      if !thread.isTask, isApart(table.entries[index], from: leader) {
        try begin(index, of: leader)
      }
    }
  }

  private func begin(_ index: Int, of leader: ProcessEntry) throws(ProcfsError) {
    let entry = table.entries[index]
    let facts = try table.withDirectory(of: leader) { (directory) throws(ProcfsError) in
      try FactsReader.facts(leader.pid, in: directory, root: table.root)
    }
    let stat = try table.withDirectory(of: entry) { (directory) throws(ProcfsError) in
      try FactsReader.stat(entry.number, in: directory, root: table.root)
    }
    guard let facts = facts ?? nil, let stat else {
      table.entries[index].pendingChange = .gone
      return
    }
    switch stat {
    case .success(let line): table.entries[index].startTicks = line.startTicks
    case .failure(let errno) where errno.isDenied: break
    case .failure:
      table.entries[index].pendingChange = .gone
      return
    }
    changes.addThread(facts, entry.token, origin(of: entry, leader))
    table.entries[index].thread?.isTask = true
    table.entries[index].descriptionsDue = 1
    table.entries[index].pendingChange = .appeared
  }

  /// Determines how the namespaces of a thread came to differ from those of its process since the previous pass.
  private func origin(of entry: ProcessEntry, _ leader: ProcessEntry) -> ThreadOrigin {
    // A thread that the source did not know was certainly created since the previous pass only if that pass
    // read the threads of every process, or if the whole process is new.
    if entry.pendingChange == .appeared {
      guard let lastPassReadThreads else { return .unknown }
      return lastPassReadThreads || leader.pendingChange == .appeared ? .started : .unknown
    }
    // If the links of the thread have not changed, its process changed its namespaces without the
    // thread.
    guard let before = links.linksBefore(entry) else { return .unknown }
    return .moved(from: links.states(before, initial: links.initialInodes()))
  }

  private func isExiting(_ entry: ProcessEntry) -> Bool {
    NamespaceLink.allCases.contains { link in
      entry.links[Int(link.rawValue)] == ProcessEntry.code(.zombie)
    }
  }

  /// Returns whether a thread is certainly in another namespace than its main thread.
  private func isApart(_ thread: ProcessEntry, from leader: ProcessEntry) -> Bool {
    if leader.isZombie { return true }
    for type in NamespaceType.allCases {
      let one = thread.links[Int(type.link.rawValue)]
      let two = leader.links[Int(type.link.rawValue)]
      guard one != two, ProcessEntry.unread(one) == nil, ProcessEntry.unread(two) == nil else {
        continue
      }
      // Without an id, nothing proves whether two slots with one inode number are the same namespace.
      if links[one].inode != links[two].inode || links[one].kernelID != nil { return true }
    }
    return false
  }
}
