// Which threads are tasks of their own: decided when it is known which namespaces the links of a pass
// were.

internal import NamespaceModel

extension ProcfsSource {
  /// Compares threads with their main threads; what comes of it is told with all else.
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
      let isApart = isApart(entries[index], from: leader)
      if isApart, !thread.isTask {
        try begin(index, of: leader)
      } else if !isApart, thread.isTask {
        end(index)
      }
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
    entries[index].thread?.isTask = true
    entries[index].descriptionsDue = 1
    entries[index].news = .appeared
  }

  /// It is as its process again. If it ever is not, it is another task.
  private func end(_ index: Int) {
    let token = entries[index].token
    if pendingFacts.removeValue(forKey: token) == nil { gone.append(token) }
    entries[index].thread?.isTask = false
    entries[index].token = makeToken()
  }

  private func isExiting(_ entry: ProcessEntry) -> Bool {
    NamespaceLink.allCases.contains { link in
      entry.links[Int(link.rawValue)] == ProcessEntry.code(.zombie)
    }
  }

  /// Whether a thread is certainly in another namespace than its main one. A task of its own stays
  /// one until it is seen to be in all that its main one is in.
  private func isApart(_ thread: ProcessEntry, from leader: ProcessEntry) -> Bool {
    if leader.isZombie { return true }
    let denied = ProcessEntry.code(.denied)
    var isUnsure = false
    for type in NamespaceType.allCases {
      let one = thread.links[Int(type.link.rawValue)]
      let two = leader.links[Int(type.link.rawValue)]
      if one == denied || two == denied { isUnsure = true }
      guard one != two, ProcessEntry.unread(one) == nil, ProcessEntry.unread(two) == nil else {
        continue
      }
      if slots[one].inode != slots[two].inode { return true }
      // Two of one number: without an id, nobody was there to tell whether they are one.
      if slots[one].kernelID != nil { return true }
      isUnsure = true
    }
    return isUnsure && thread.isTask
  }
}
