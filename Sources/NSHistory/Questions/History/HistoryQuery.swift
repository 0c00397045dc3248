package import NamespaceModel
internal import SQLite

/// Reads the history of a process, entry by entry.
struct HistoryQuery {
  let reading: HistorySnapshot
  let window: TimeWindow

  private var comparison: LinkComparison { LinkComparison(reading: reading) }

  /// Calls `body` with each entry of a process; returns false if `body` did.
  func forEach(of history: TaskHistory, _ body: (HistoryEntry) -> Bool) throws(SQLiteError) -> Bool
  {
    // Buffers the last entry until the next one shows whether anything changed at its end.
    var last: HistoryEntry?
    var before: LinkComparison.Links?
    var read: LinkComparison.Links = [:]
    let maker = try maker(of: history.process)
    for part in try parts(of: history) {
      let history = try joined(part.history)
      var isInOther = part.isInOtherContainer
      for membership in history.knownMemberships {
        let links = try reading.sets.links(of: membership.set)
        for piece in try reading.index.pieces(of: membership.from...membership.until) {
          let interval = try reading.bounds(of: history)
            .resolve(piece, of: membership.from...membership.until)
          let isAsked = window.mayOverlap(interval)
          let unreported = before.map { Self.unreported($0, links) } ?? []
          // An entry outside of the window is read only to find out whether the entry before continued in it.
          guard isAsked || (last != nil && !unreported.isEmpty) else {
            if let ended = last, !body(ended) { return false }
            (last, isInOther, before) = (nil, false, links)
            read.update(links)
            continue
          }
          let changes: [LinkChange]
          if let before {
            changes = try comparison.changes(
              from: before, read: read, to: links, at: piece.lowerBound)
          } else {
            changes = try arrivals(of: history, membership, links, maker)
          }
          var entry = try entry(
            piece, interval, in: history, links, changes, maker, isBeginning: before == nil,
            isInOtherContainer: isInOther, changes.isEmpty ? unreported : [], isAsked: isAsked)
          isInOther = false
          before = links
          read.update(links)
          if var ended = last {
            if entry.isContinued { (ended.end.kind, entry.beginning.kind) = (.read, .read) }
            guard body(ended) else { return false }
          }
          last = isAsked ? entry : nil
        }
      }
    }
    return last.map(body) ?? true
  }

  /// Splits the history of a process where it moved to another container. Does not split the history of a
  /// process that is reported only for the time in which it matched the question.
  private func parts(
    of history: TaskHistory
  ) throws(SQLiteError) -> [(history: TaskHistory, isInOtherContainer: Bool)] {
    guard history.limits == nil, !history.process.past.isEmpty else { return [(history, false)] }
    let ids = Set(history.process.descriptionSpans.map(\.description.container?.id))
    guard ids.count > 1 else { return [(history, false)] }
    var spans: [ProcessRecord.DescriptionSpan] = []
    for id in ids { spans += history.process.spans { $0.container?.id == id } }
    spans.sort { $0.certain.lowerBound < $1.certain.lowerBound }
    var parts: [(history: TaskHistory, isInOtherContainer: Bool)] = []
    for (position, span) in spans.enumerated() {
      let part = history.limited(to: [try fromMove(span, of: history)], within: true)
      if !part.memberships.isEmpty { parts.append((part, position > 0)) }
    }
    if parts.isEmpty { return [(history, false)] }
    // Between two reads that differ the container is not known, but the namespaces are: the loop adds the memberships
    // of that time to the part before.
    let shown = parts.flatMap(\.history.memberships)
    for membership in history.memberships {
      let next = shown.partitioningIndex { $0.until >= membership.from }
      guard next == shown.count || shown[next].from > membership.until else { continue }
      let position =
        parts.lastIndex { ($0.history.memberships.last?.until ?? .min) < membership.from } ?? 0
      let index = parts[position].history.memberships.partitioningIndex {
        $0.from > membership.from
      }
      parts[position].history.memberships.insert(membership, at: index)
    }
    return parts
  }

  /// Returns the span of a description. If an event reported new namespaces at the same moment at which the new
  /// description was read, returns the span extended back to that event, so that it begins with the new namespaces.
  private func fromMove(
    _ span: ProcessRecord.DescriptionSpan, of history: TaskHistory
  ) throws(SQLiteError) -> ProcessRecord.DescriptionSpan {
    let first = span.certain.lowerBound
    guard !span.beginsExactly, let move = history.membership(at: first), move.beginsExactly,
      move.from < first, move.from > span.possibleFrom,
      try reading.index.point(move.from).wall == reading.index.point(first).wall
    else { return span }
    return ProcessRecord.DescriptionSpan(
      description: span.description, possibleFrom: span.possibleFrom,
      certain: move.from...span.certain.upperBound, possibleUntil: span.possibleUntil,
      beginsExactly: span.beginsExactly, endsExactly: span.endsExactly)
  }

  /// Returns the history with consecutive memberships in the same namespaces merged into one. Two rows count as the
  /// same namespace if only one of them has the kernel's id, because the recorder read the id later.
  private func joined(_ history: TaskHistory) throws(SQLiteError) -> TaskHistory {
    var joined: [Membership] = []
    for membership in history.memberships {
      if let last = joined.last, last.until &+ 1 == membership.from, !membership.startsSession,
        try holds(last.set, membership.set)
      {
        joined[joined.count - 1] = last.joined(with: membership)
      } else {
        joined.append(membership)
      }
    }
    var history = history
    history.memberships = joined
    return history
  }

  private func holds(_ one: NamespaceSetID, _ other: NamespaceSetID) throws(SQLiteError) -> Bool {
    if one == other { return true }
    let (before, after) = (try reading.sets.links(of: one), try reading.sets.links(of: other))
    return NamespaceLink.allCases.allSatisfy { link in
      guard before[link] != after[link] else { return true }
      guard let first = before[link]?.namespace, let second = after[link]?.namespace else {
        return false
      }
      return !first.differs(from: second) && (first.kernelID == nil) != (second.kernelID == nil)
    }
  }

  /// Returns the links that differ between two entries and that no event reported in one of them.
  private static func unreported(
    _ before: LinkComparison.Links, _ after: LinkComparison.Links
  ) -> [NamespaceLink] {
    NamespaceLink.allCases.filter { link in
      before[link] != after[link]
        && [before[link], after[link]].contains(.unread(.unseen))
    }
  }

  /// Returns the entry of a piece of a membership.
  ///
  /// - Parameter isAsked: whether the entry is in the window; otherwise only its ends and its changes count.
  private func entry(
    _ piece: ClosedRange<SequenceNumber>, _ interval: ResolvedInterval, in history: TaskHistory,
    _ links: LinkComparison.Links, _ changes: [LinkChange], _ maker: Maker?,
    isBeginning: Bool,
    isInOtherContainer: Bool, _ unreported: [NamespaceLink], isAsked: Bool
  ) throws(SQLiteError) -> HistoryEntry {
    let isFirst = isBeginning && history.movedFrom == nil
    let window = isAsked ? window : TimeWindow()
    let last = try reading.index.last(of: piece, in: window)
    let process = try reading.index.described(
      history.process, through: piece, in: window, endsExactly: interval.end.isExact)
    guard isAsked else {
      return HistoryEntry(
        process: process, earlier: [], from: interval.from, until: interval.until,
        beginning: interval.beginning, end: interval.end, links: links, changes: changes,
        isFirst: isFirst, isReturn: false, joined: nil, parent: nil, parentThen: nil,
        isParentGone: false, isInOtherContainer: isInOtherContainer, unreported: unreported)
    }
    let isGone = try isParentGone(of: process, maker?.process, at: last)
    return HistoryEntry(
      process: process,
      earlier: Self.earlier(
        history.process, piece.lowerBound...last, than: process,
        besides: isFirst ? maker?.task.described(at: piece.lowerBound) : nil),
      from: interval.from, until: interval.until,
      beginning: interval.beginning, end: interval.end, links: links, changes: changes,
      isFirst: isFirst,
      isReturn: isBeginning ? false : try reading.threads.isReturned(history, at: piece.lowerBound),
      joined: try MemberFinder(reading: reading).member(
        of: changes.joined, at: piece.lowerBound - 1, otherThan: history.process),
      parent: isFirst ? maker?.task.described(at: piece.lowerBound) : nil,
      parentThen: isGone ? nil : try parent(of: process, maker?.process, at: last),
      isParentGone: isGone,
      isInOtherContainer: isInOtherContainer, unreported: unreported)
  }

  /// Returns the descriptions that a process had in a range before the last one, each name, user and command line once.
  private static func earlier(
    _ process: ProcessRecord, _ numbers: ClosedRange<SequenceNumber>, than last: ProcessRecord,
    besides parent: ProcessRecord?
  ) -> [RecordedDescription] {
    guard !process.past.isEmpty, process.tid == nil else { return [] }
    func name(_ one: RecordedDescription) -> [String?] {
      [one.comm, one.uid.map(String.init), one.program?.commandLine]
    }
    var known = Set(last.possibleDescriptions.map(name))
    let all = process.descriptions(from: numbers.lowerBound, before: numbers.upperBound)
    let isFirstOfParent = parent != nil && all.first?.comm == parent?.comm
    return all.dropFirst(isFirstOfParent ? 1 : 0).filter { known.insert(name($0)).inserted }
  }

  /// The creator of a process or thread.
  private struct Maker {
    /// The process, or the thread of a process, that called fork or clone.
    let task: ProcessRecord
    /// The process of that task: it may outlive the thread by far.
    let process: ProcessRecord
  }

  private func maker(of process: ProcessRecord) throws(SQLiteError) -> Maker? {
    guard let task = try reading.taskHistories.parent(of: process) else { return nil }
    let process = task.tid == nil ? task : try reading.taskHistories.parent(of: task)
    return Maker(task: task, process: process ?? task)
  }

  /// Returns the parent of a process with its description at a sample or event; nil if it is not known.
  ///
  /// - Parameter maker: the process that created it.
  private func parent(
    of process: ProcessRecord, _ maker: ProcessRecord?, at point: SequenceNumber
  ) throws(SQLiteError) -> ProcessRecord? {
    guard process.tid == nil, process.parentPIDs.count == 1, let pid = process.parentPIDs.first,
      pid != 0
    else { return nil }
    if let maker, maker.pid == pid,
      try reading.taskHistories.history(of: maker.task)?.isMissing(at: point) == false
    {
      return maker.described(at: point)
    }
    let there = try reading.pidHistories.parents(pid: pid, at: reading.index.point(point).wall)
    return there.count == 1 ? there[0].process.described(at: point) : nil
  }

  /// Whether the process that created another had exited by a sample or event, and no later read showed
  /// which process became the parent.
  private func isParentGone(
    of process: ProcessRecord, _ maker: ProcessRecord?, at point: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard process.tid == nil, let pid = process.makerPID, process.parentPIDs == [pid],
      let maker, maker.pid == pid, let history = try reading.taskHistories.history(of: maker.task)
    else { return false }
    return history.lastSample < point
  }

  private func arrivals(
    of history: TaskHistory, _ membership: Membership, _ links: LinkComparison.Links,
    _ maker: Maker?
  ) throws(SQLiteError) -> [LinkChange] {
    if let set = history.movedFrom {
      let before = try reading.sets.links(of: set)
      return try comparison.changes(
        from: before, read: before, to: links, at: membership.from)
    }
    // A process that the first sample of the history shows was there before: its start is no change.
    guard membership.from != reading.index.first, let origin = try origin(of: history) else {
      return []
    }
    let earlier = try comparison.linksOfParent(maker?.task, at: membership.from - 1)
    return try comparison.arrivals(
      of: links, from: origin, earlier: earlier, at: membership.from)
  }

  /// Returns the links of the parent of a process that started in other namespaces than its parent's links for children
  /// led to; nil for any other process.
  private func origin(of history: TaskHistory) throws(SQLiteError) -> LinkComparison.Links? {
    let set =
      try reading.connection.prepare(
        """
        SELECT origin_set_id FROM membership WHERE task_id = ? AND from_seq = ? AND cause = 2
        """
      ).bind(.number(history.process.task), .number(history.firstSample))
      .first { $0.optionalSet(0) } ?? nil
    return try set.map(reading.sets.links)
  }
}

/// An interval without a gap in the samples in which a process had one namespace set.
package struct HistoryEntry: Sendable, Hashable {
  /// The process, with its description at the end of the entry, or of the window if that is earlier.
  package let process: ProcessRecord
  /// The descriptions with another name, user or command line that it had earlier in the entry, in time order. Leaves
  /// out the name of its parent, which a process has from its start until it executes a program.
  package let earlier: [RecordedDescription]
  /// The beginning: exact if `beginning` is, otherwise the beginning of the
  /// first sample that saw the process with this set.
  package let from: WallTime
  /// The end: exact if `end` is, otherwise the beginning of the last sample that saw the process with this
  /// set.
  package let until: WallTime
  /// The way the entry began.
  package internal(set) var beginning: IntervalBound
  /// The way the entry ended.
  package internal(set) var end: IntervalBound
  /// The value of each link.
  package let links: [NamespaceLink: LinkValue]
  /// The links that changed since the previous entry; in the first entry, the links that differ from the
  /// parent's links for children. Empty if none does.
  package let changes: [LinkChange]
  /// Whether this is the first entry of a process or thread. False if a thread began the entry by leaving the
  /// namespaces of its process.
  package let isFirst: Bool
  /// Whether a thread is back in all the namespaces of its process.
  package let isReturn: Bool
  /// A process that had been in the namespaces that this one joined; nil if this one joined none, or if no
  /// such process is known.
  package let joined: ProcessRecord?
  /// In the first entry, the parent of the process when it was first seen; nil if the parent is not known,
  /// and in any later entry.
  package let parent: ProcessRecord?
  /// The parent at the end of the entry, or of the window if that is earlier, with its description then; nil if the
  /// process had none, or if it is not known.
  package let parentThen: ProcessRecord?
  /// Whether the known parent had exited by the end of the entry, so that another process had become the
  /// parent.
  package let isParentGone: Bool
  /// Whether the process is in another container than in the previous entry, or in none any more.
  package let isInOtherContainer: Bool
  /// In an entry without changes, the links that no event reported in this entry or in the previous one.
  package let unreported: [NamespaceLink]

  /// Whether nothing is known to have changed since the previous entry: the only difference is a link that
  /// no event had reported and that was read now, or the other way round.
  var isContinued: Bool {
    !isFirst && changes.isEmpty && !unreported.isEmpty && !isInOtherContainer
      && beginning.kind == .changed
  }
}
