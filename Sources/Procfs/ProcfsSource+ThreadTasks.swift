// Decides which threads are tasks of their own, after the source has determined the namespaces of all links. A thread
// becomes a task of its own when its namespaces first differ from those of its process, or when its main thread exits.

internal import NamespaceModel

extension ProcfsSource {
  /// Compares each thread with the main thread of its process. The sample reports the results together with
  /// all other changes.
  func compareThreads() throws(ProcfsError) {
    for index in entries.indices where entries[index].pendingChange != .gone {
      guard let thread = entries[index].thread else { continue }
      let leader = entries[thread.leader]
      // A thread is reaped automatically, so a thread that has begun to exit counts as gone.
      guard leader.pendingChange != .gone, !isExiting(entries[index]) else {
        entries[index].pendingChange = .gone
        continue
      }
      let links = entries[index].links
      let isLike = links.indices.allSatisfy { links[$0] == leader.links[$0] }
      entries[index].thread?.hasSameLinksAsMainThread = isLike
      // A thread that is a task of its own stays one until it exits: its return to the namespaces of
      // its process is reported as a move.
      if !thread.isTask, isApart(entries[index], from: leader) { try begin(index, of: leader) }
    }
  }

  private func begin(_ index: Int, of leader: ProcessEntry) throws(ProcfsError) {
    let entry = entries[index]
    let facts = try withDirectory(of: leader) { (directory) throws(ProcfsError) in
      try FactsReader.facts(leader.pid, in: directory, root: root)
    }
    let stat = try withDirectory(of: entry) { (directory) throws(ProcfsError) in
      try FactsReader.stat(entry.number, in: directory, root: root)
    }
    guard let facts = facts ?? nil, let stat else {
      entries[index].pendingChange = .gone
      return
    }
    switch stat {
    case .success(let line): entries[index].startTicks = line.startTicks
    case .failure(let errno) where errno.isDenied: break
    case .failure:
      entries[index].pendingChange = .gone
      return
    }
    pendingFacts[entry.token] = facts
    origins[entry.token] = origin(of: entry, leader)
    entries[index].thread?.isTask = true
    entries[index].descriptionsDue = 1
    entries[index].pendingChange = .appeared
  }

  /// Determines how the namespaces of a thread came to differ from those of its process since the
  /// previous pass.
  private func origin(of entry: ProcessEntry, _ leader: ProcessEntry) -> ThreadOrigin {
    // A thread that the source did not know was certainly created since the previous pass only if that pass
    // read the threads of every process, or if the whole process is new.
    if entry.pendingChange == .appeared {
      return readThreadsBefore || (passes > 0 && leader.pendingChange == .appeared)
        ? .started : .unknown
    }
    // If the links of the thread have not changed, its process changed its namespaces without the
    // thread.
    guard let links = earlierLinks[entry.token] else { return .unknown }
    var earlier = entry
    earlier.links = links
    return .moved(from: states(of: earlier, initial: initialInodes()))
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
      if slots[one].inode != slots[two].inode || slots[one].kernelID != nil { return true }
    }
    return false
  }
}
