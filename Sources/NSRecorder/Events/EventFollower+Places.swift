// Which namespaces the inode numbers of a record are.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  /// The set that a record reports, and what was read right after.
  ///
  /// - Parameter before: where the task was, or its maker's children go: what of that has not changed
  ///   is the same still, because the task held it all the time.
  /// - Parameter lastEvent: when the event of the task before this one was.
  func resolve(
    _ inodes: NamespaceInodes, _ look: TaskLook?, from before: FollowedSet?,
    lastEvent: Int64 = .min
  ) -> FollowedSet {
    var links: [FollowedLink] = []
    for link in NamespaceLink.allCases {
      guard link == link.type.link, link.type != .time else {
        links.append(read(link, look, from: before, beside: links))
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
      if case .namespace(inode, let read)? = look?.links[link] { id = read }
      links.append(
        followed(
          link, .namespace(inode: inode, id: id), beside: links,
          fileTime: fileTime(of: link, look, lastEvent)))
    }
    return sets.set(links)
  }

  /// By when a namespace that a task has come to had a file, if that was before the task can have made
  /// it: this record is written within a moment of what the task did, and that was after its last event.
  private func fileTime(
    of link: NamespaceLink, _ look: TaskLook?, _ lastEvent: Int64
  ) -> Int64? {
    look?.fileTimes[link].flatMap { $0 < max(lastEvent, now - Self.delay) ? $0 : nil }
  }

  /// A link that no record holds.
  private func read(
    _ link: NamespaceLink, _ look: TaskLook?, from before: FollowedSet?,
    beside others: [FollowedLink]
  ) -> FollowedLink {
    if let look, let value = look.links[link] {
      let read = followed(link, value, beside: others)
      // By exec it comes to be where its children go (time_namespaces(7)): if that is where it was
      // before, it has been there all the time.
      if link != .time || !look.isAfterExec || read.key == before?[.time].key { return read }
    }
    if case .unread(.unsupported)? = before?[link] { return .unread(.unsupported) }
    return .unread(.unseen)
  }

  /// Where a task is by a look that was not over before its exec: it came to be where its children
  /// go, while its own link may have been read before that.
  func timeAfterExec(_ look: TaskLook?) -> FollowedLink? {
    guard let look, look.isAfterExec else { return nil }
    return look.links[.timeForChildren].map { followed(.time, $0, beside: []) }
  }

  /// The set of links that were read.
  func set(of links: [NamespaceLink: TaskProbe.Link]) -> FollowedSet {
    sets.set(
      NamespaceLink.allCases.reduce(into: []) { all, link in
        all.append(links[link].map { followed(link, $0, beside: all) } ?? .unread(.unseen))
      })
  }

  /// The namespace that a link was read as.
  ///
  /// - Parameter others: other links of the task at that moment: at one moment an inode number is one
  ///   namespace.
  /// - Parameter fileTime: see `FollowedSets.namespace`.
  func followed(
    _ link: NamespaceLink, _ value: TaskProbe.Link, beside others: [FollowedLink],
    fileTime: Int64? = nil
  ) -> FollowedLink {
    switch value {
    case .namespace(let inode, let id):
      let twin = others.lazy.compactMap(\.namespace).first {
        $0.type == link.type && $0.inode == inode && $0.isOne(with: id) != false
      }
      return .namespace(
        twin ?? sets.namespace(link.type, inode, id: id, fileTime: fileTime))
    case .unread(let reason): return .unread(reason)
    }
  }

  /// The set of a new process with the time namespace that was read.
  func withTime(
    _ set: FollowedSet, _ look: TaskLook?, of parent: FollowedSet?
  ) -> FollowedSet {
    guard look != nil else { return set }
    var links = set.links
    for link in [NamespaceLink.time, .timeForChildren] {
      guard case .unread(.unseen) = set[link] else { continue }
      links[Int(link.rawValue)] = read(link, look, from: parent, beside: links)
    }
    return sets.set(links)
  }
}
