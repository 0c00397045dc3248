package import NamespaceModel
internal import SQLite

/// Cuts the life of a process into segments.
struct TimelineQuery {
  let reading: HistorySnapshot
  let window: TimeWindow

  /// The types of which a thread was elsewhere than its process at some time.
  func types(
    _ types: [NamespaceType], inWhichDiffers thread: TaskHistory
  ) throws(SQLiteError) -> [NamespaceType] {
    let runs = try reading.threads.apart(thread)
    return types.filter { !runs[$0.link].isEmpty }
  }

  func lanes(of life: TaskHistory, _ types: [NamespaceType]) throws(SQLiteError) -> [TimelineRow] {
    let runs = try reading.pidHistories.runs(of: life.memberships)
    return try types.map { (type) throws(SQLiteError) in
      let all = runs[type.link]
      var segments: [TimelineRow.Segment] = []
      for place in all.indices { segments += try self.segments(all, place, life) }
      return TimelineRow(process: life.process, type: type, segments: Self.joined(segments))
    }
  }

  private func segments(
    _ runs: [PIDHistory.LinkInterval], _ place: Int, _ life: TaskHistory
  ) throws(SQLiteError) -> [TimelineRow.Segment] {
    let run = runs[place]
    let bounds = reading.bounds(of: life)
    var segments: [TimelineRow.Segment] = []
    for piece in try reading.index.pieces(of: run.from...run.until) {
      let stretch = try bounds.stretch(piece, of: run.from...run.until)
      let (from, until) = (stretch.from, stretch.until)
      let (beginning, end) = (stretch.beginning, stretch.end)
      // Where there is no sample before, nothing is known of what is asked for; but it was not there
      // before it started.
      let before = beginning.other ?? window.since ?? from
      // A thread is recorded from when on it differed from its process.
      let isThreads = place == 0 && life.thread != nil && beginning.kind == .firstSeen
      let since = isThreads ? from : max(before, life.process.start ?? before)
      if since < from {
        segments.append(
          .init(from: since, until: from, state: Self.doubt(beginning, run, runs.before(place))))
      }
      segments.append(.init(from: from, until: until, state: Self.state(run)))
      let after = end.other ?? window.until ?? until
      if after > until {
        segments.append(
          .init(from: until, until: after, state: Self.doubt(end, run, runs.behind(place))))
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

  /// What is known beyond an edge, up to the next sample.
  private static func doubt(
    _ bound: IntervalBound, _ run: PIDHistory.LinkInterval, _ next: PIDHistory.LinkInterval?
  ) -> TimelineRow.State {
    switch bound.kind {
    case .started, .exited: return .unknown(.changedBetweenSamples)
    case .changed, .read:
      let isDenied = [run.value, next?.value].contains(.unread(.denied))
      return .unknown(isDenied ? .denied : .changedBetweenSamples)
    // Of the time that a clock skips nothing is known.
    case .clockSet, .open: return .unknown(.gap)
    // Without a gap it was only not seen: it may have been hidden.
    case .firstSeen, .lastSeen:
      if let missing = bound.missing { return .unknown(UnknownReason(missing)) }
      return .unknown(bound.other != nil ? .notRecorded : .gap)
    }
  }

  /// The doubt behind one piece and the doubt before the next are one.
  private static func joined(_ segments: [TimelineRow.Segment]) -> [TimelineRow.Segment] {
    segments.reduce(into: []) { joined, segment in
      if joined.last != segment { joined.append(segment) }
    }
  }
}

extension ProcessSelector {
  /// Whether it names a thread, and not its process.
  var isOfThread: Bool { if case .thread = self { true } else { false } }
}

extension [PIDHistory.LinkInterval] {
  fileprivate func before(_ place: Int) -> PIDHistory.LinkInterval? {
    place > 0 ? self[place - 1] : nil
  }
  fileprivate func behind(_ place: Int) -> PIDHistory.LinkInterval? {
    place + 1 < count ? self[place + 1] : nil
  }
}

/// One process and one type of namespace, through time.
package struct TimelineRow: Sendable, Hashable {
  /// The process.
  package let process: ProcessRecord
  /// The type.
  package let type: NamespaceType
  /// In the order of samples: where the clock was set back times come twice. At times that none of
  /// them holds no sample saw the process.
  package let segments: [Segment]

  /// A time in which one thing was known.
  package struct Segment: Sendable, Hashable {
    /// In nanoseconds since the epoch.
    package let from: Int64
    /// In nanoseconds since the epoch.
    package let until: Int64
    /// What was known.
    package let state: State
  }

  /// What was known of a link.
  package enum State: Sendable, Hashable {
    /// The process was in this namespace, in every sample.
    case namespace(NamespaceRecord)
    /// It was not known where it was.
    case unknown(UnknownReason)
  }
}
