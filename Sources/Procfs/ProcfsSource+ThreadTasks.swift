// Which threads are tasks of their own: decided when it is known which namespaces the links of a pass
// were.

internal import NamespaceModel

extension ProcfsSource {
  /// Compares threads with their main threads; what comes of it is reported with all else.
  func compareThreads() throws(ProcfsError) {
    for index in entries.indices where entries[index].news != .gone {
      guard let thread = entries[index].thread else { continue }
      let leader = entries[thread.leader]
      // A thread is reaped by itself: one that has exited is as good as gone.
      guard leader.news != .gone, !isExiting(entries[index]) else {
        entries[index].news = .gone
        continue
      }
      let links = entries[index].links
      let isLike = links.indices.allSatisfy { links[$0] == leader.links[$0] }
      entries[index].thread?.isLikeLeader = isLike
      // A thread that is a task of its own stays one until it exits: when it returns, it has moved.
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
      entries[index].news = .gone
      return
    }
    switch stat {
    case .success(let line): entries[index].startTicks = line.startTicks
    case .failure(let errno) where errno.isDenied: break
    case .failure:
      entries[index].news = .gone
      return
    }
    pendingFacts[entry.token] = facts
    origins[entry.token] = origin(of: entry, leader)
    entries[index].thread?.isTask = true
    entries[index].descriptionsDue = 1
    entries[index].news = .appeared
  }

  /// How a thread came to differ from its process since the pass before.
  private func origin(of entry: ProcessEntry, _ leader: ProcessEntry) -> ThreadOrigin {
    // Of a thread that the pass before did not read it is only known that it is new where that pass
    // would have read it.
    if entry.news == .appeared {
      return readThreadsBefore || (passes > 0 && leader.news == .appeared) ? .started : .unknown
    }
    // If its own links are as they were, its process moved away from it.
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

  /// Whether a thread is certainly in another namespace than its main one.
  private func isApart(_ thread: ProcessEntry, from leader: ProcessEntry) -> Bool {
    if leader.isZombie { return true }
    for type in NamespaceType.allCases {
      let one = thread.links[Int(type.link.rawValue)]
      let two = leader.links[Int(type.link.rawValue)]
      guard one != two, ProcessEntry.unread(one) == nil, ProcessEntry.unread(two) == nil else {
        continue
      }
      // Two of one number: without an id, nobody was there to tell whether they are one.
      if slots[one].inode != slots[two].inode || slots[one].kernelID != nil { return true }
    }
    return false
  }
}
