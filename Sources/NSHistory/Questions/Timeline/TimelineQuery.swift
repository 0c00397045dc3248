package import NamespaceModel
internal import SQLite

/// Splits the history of a process into segments of a timeline.
struct TimelineQuery {
  let reading: HistorySnapshot
  let window: TimeWindow

  /// Returns the types for which a thread was in another namespace than its process at some time.
  func types(
    _ types: [NamespaceType], inWhichDiffers thread: TaskHistory
  ) throws(SQLiteError) -> [NamespaceType] {
    let runs = try reading.threads.apart(thread)
    return types.filter { !runs[$0.link].isEmpty }
  }

  func rows(of history: TaskHistory, _ types: [NamespaceType]) throws(SQLiteError) -> [TimelineRow]
  {
    let runs = try reading.pidHistories.runs(of: history.memberships)
    let process = try reading.index.described(
      history.process, through: history.firstSample...history.lastSample, in: window)
    return try types.map { (type) throws(SQLiteError) in
      let all = runs[type.link]
      var segments: [TimelineRow.Segment] = []
      for index in all.indices { segments += try self.segments(all, index, history) }
      return TimelineRow(process: process, type: type, segments: Self.joined(segments))
    }
  }

  private func segments(
    _ runs: [PIDHistory.LinkInterval], _ index: Int, _ history: TaskHistory
  ) throws(SQLiteError) -> [TimelineRow.Segment] {
    let run = runs[index]
    let bounds = reading.bounds(of: history)
    var segments: [TimelineRow.Segment] = []
    for piece in try reading.index.pieces(of: run.from...run.until) {
      let interval = try bounds.resolve(piece, of: run.from...run.until)
      let (from, until) = (interval.from, interval.until)
      let (beginning, end) = (interval.beginning, interval.end)
      // Without a sample before, the whole time asked about before the segment is unknown, but not the time
      // before the process started: it was not running then.
      let before = beginning.other ?? window.since ?? from
      // A thread is recorded only from the moment on at which its namespaces differed from its process's.
      let isThreads = index == 0 && history.thread != nil && beginning.kind == .firstSeen
      let since = isThreads ? from : max(before, history.process.start ?? before)
      if since < from {
        segments.append(
          .init(
            from: since, until: from, state: Self.stateBeyond(beginning, run, runs.before(index))))
      }
      segments.append(.init(from: from, until: until, state: Self.state(run)))
      let after = end.other ?? window.until ?? until
      if after > until {
        segments.append(
          .init(from: until, until: after, state: Self.stateBeyond(end, run, runs.following(index)))
        )
      }
    }
    return segments
  }

  private static func state(_ run: PIDHistory.LinkInterval) -> TimelineRow.State {
    switch run.value {
    case .namespace(let namespace): .namespace(namespace)
    case .unread(let reason): .unknown(UnknownReason(reason))
    }
  }

  /// Returns the state between the bound of a segment and the next sample.
  private static func stateBeyond(
    _ bound: IntervalBound, _ run: PIDHistory.LinkInterval, _ next: PIDHistory.LinkInterval?
  ) -> TimelineRow.State {
    switch bound.kind {
    case .started, .exited: return .unknown(.changedBetweenSamples)
    case .changed, .read:
      let isDenied = [run.value, next?.value].contains(.unread(.denied))
      return .unknown(isDenied ? .denied : .changedBetweenSamples)
    // Nothing is known of wall times that the clock skipped.
    case .clockSet, .open: return .unknown(.gap)
    // Without a gap, the sample did not see the process, which may have been hidden (`hidepid`).
    case .firstSeen, .lastSeen:
      if let missing = bound.missing { return .unknown(UnknownReason(missing)) }
      return .unknown(bound.other != nil ? .notRecorded : .gap)
    }
  }

  /// Merges equal neighbouring segments: the unknown time after one piece is the same as the unknown time
  /// before the next.
  private static func joined(_ segments: [TimelineRow.Segment]) -> [TimelineRow.Segment] {
    segments.reduce(into: []) { joined, segment in
      if joined.last != segment { joined.append(segment) }
    }
  }
}

extension ProcessSelector {
  /// Whether the selector selects a thread, and not its process.
  var isOfThread: Bool { if case .thread = self { true } else { false } }
}

extension [PIDHistory.LinkInterval] {
  fileprivate func before(_ index: Int) -> PIDHistory.LinkInterval? {
    index > 0 ? self[index - 1] : nil
  }
  fileprivate func following(_ index: Int) -> PIDHistory.LinkInterval? {
    index + 1 < count ? self[index + 1] : nil
  }
}

/// One process and one type of namespace, through time.
package struct TimelineRow: Sendable, Hashable {
  /// The process, with its last description in the window.
  package let process: ProcessRecord
  /// The type.
  package let type: NamespaceType
  /// The segments in the order of samples: if the clock was set back, some times occur twice. In times that
  /// no segment covers, no sample saw the process.
  package let segments: [Segment]

  /// An interval with one known state.
  package struct Segment: Sendable, Hashable {
    /// The beginning.
    package let from: WallTime
    /// The end.
    package let until: WallTime
    /// The known state in the interval.
    package let state: State
  }

  /// The known state of a link.
  package enum State: Sendable, Hashable {
    /// The process was in this namespace, in every sample.
    case namespace(NamespaceRecord)
    /// The namespace of the process is not known.
    case unknown(UnknownReason)
  }
}
