// Resolves the inode numbers in a namespaces event to namespaces.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  /// Returns the set that a task has after a namespaces event.
  ///
  /// - Parameter probed: the probe right after the event.
  /// - Parameter before: the set of the task before the event; for a new task, the set that children of its
  ///   parent get. A link with the same inode number still leads to the same namespace, because the task was
  ///   in it all the time.
  /// - Parameter lastEvent: the time of the task's previous event.
  func resolve(
    _ inodes: NamespaceInodes, _ probed: ProbedTask?, from before: FollowedSet?,
    lastEvent: BootTime = .min
  ) -> FollowedSet {
    var links: [FollowedLink] = []
    for link in NamespaceLink.allCases {
      guard link == link.type.link, link.type != .time else {
        links.append(read(link, probed, from: before, beside: links))
        continue
      }
      guard let inode = inodes[link.type] else {
        links.append(.unread(.unsupported))
        continue
      }
      if let known = before?[link].namespace, known.inode == inode {
        links.append(.namespace(known))
        continue
      }
      var id: UInt64?
      if case .namespace(inode, let read)? = probed?.links[link] { id = read }
      links.append(
        followed(
          link, .namespace(inode: inode, id: id), beside: links,
          fileTime: fileTime(of: link, probed, lastEvent)))
    }
    return sets.set(links)
  }

  /// Returns the time by which the file of an entered namespace existed, if that was before the task
  /// could have created the namespace; nil otherwise. The task changed its namespaces after its previous
  /// event, and at most `longestLookahead` before the current one.
  private func fileTime(
    of link: NamespaceLink, _ probed: ProbedTask?, _ lastEvent: BootTime
  ) -> BootTime? {
    probed?.fileTimes[link].flatMap { $0 < max(lastEvent, now - Self.longestLookahead) ? $0 : nil }
  }

  /// Learns the ids of the namespaces that a task has entered, and that an event had reported without their ids before,
  /// from the state of the task. A file time proves that a namespace is the one that was reported.
  func learnEntered(_ set: ObservedSet, _ probed: ProbedTask, lastEvent: BootTime) {
    for link in probed.fileTimes.keys {
      guard case .namespace(let entered) = set.links[Int(link.rawValue)],
        let time = fileTime(of: link, probed, lastEvent)
      else { continue }
      sets.learn(entered, fileTime: time)
    }
  }

  /// Returns a link that namespaces events do not report, as the probe read it.
  private func read(
    _ link: NamespaceLink, _ probed: ProbedTask?, from before: FollowedSet?,
    beside others: [FollowedLink]
  ) -> FollowedLink {
    if let probed, let value = probed.links[link] {
      let read = followed(link, value, beside: others)
      // An exec moves the task into its time namespace for children (time_namespaces(7)). If that is the
      // one it had before, the task was in it all the time.
      if link != .time || !probed.isAfterExec || read.key == before?[.time].key { return read }
    }
    if case .unread(.unsupported)? = before?[link] { return .unread(.unsupported) }
    return .unread(.unseen)
  }

  /// Returns the time namespace of a task whose probe may have read its own link before an exec: the
  /// namespace for children, which the task enters at the exec.
  func timeAfterExec(_ probed: ProbedTask?) -> FollowedLink? {
    guard let probed, probed.isAfterExec else { return nil }
    return probed.links[.timeForChildren].map { followed(.time, $0, beside: []) }
  }

  /// Returns the set for the links that were read; the other links are unread.
  func set(of links: [NamespaceLink: TaskProbe.Link]) -> FollowedSet {
    sets.set(
      NamespaceLink.allCases.reduce(into: []) { all, link in
        all.append(links[link].map { followed(link, $0, beside: all) } ?? .unread(.unseen))
      })
  }

  /// Returns the tracked link for a value that was read.
  ///
  /// - Parameter others: other links of the task that were read at the same moment. A link with the type and
  ///   the inode number of one of them leads to the same namespace.
  /// - Parameter fileTime: see `FollowedSets.namespace`.
  func followed(
    _ link: NamespaceLink, _ value: TaskProbe.Link, beside others: [FollowedLink],
    fileTime: BootTime? = nil
  ) -> FollowedLink {
    switch value {
    case .namespace(let inode, let id):
      let known = others.lazy.compactMap(\.namespace).first {
        $0.type == link.type && $0.inode == inode && $0.hasID(id) != false
      }
      return .namespace(
        known ?? sets.namespace(link.type, inode, id: id, fileTime: fileTime))
    case .unread(let reason): return .unread(reason)
    }
  }

  /// Returns the set of a new process, with the time namespace from the probe.
  func withTime(
    _ set: FollowedSet, _ probed: ProbedTask?, of parent: FollowedSet?
  ) -> FollowedSet {
    guard probed != nil else { return set }
    var links = set.links
    for link in [NamespaceLink.time, .timeForChildren] {
      guard case .unread(.unseen) = set[link] else { continue }
      links[Int(link.rawValue)] = read(link, probed, from: parent, beside: links)
    }
    return sets.set(links)
  }
}
