package import NamespaceModel
internal import SQLite

/// A limit of what a history can report about a time: the file may lack processes or changes of that time.
package struct Caveat: Sendable, Hashable {
  /// The time from which the caveat applies; nil if it has no beginning.
  package let from: WallTime?
  /// The time until which the caveat applies; nil if it has no end.
  package let until: WallTime?
  /// The kind of the limit.
  package let kind: Kind

  /// The kind of a limit.
  package enum Kind: Sendable, Hashable {
    /// No sample covers the time.
    case missing(MissingSamples)
    /// Processes that no sample observed were left out on request (`record --short-lived`).
    case shortLivedLeftOut(ShortLived)
    /// The file is a copy that was made while the session was open, so it lacks what the recorder wrote
    /// later.
    case copiedWhileOpen
    /// The recorder took samples but received no events: changes between two samples are not recorded.
    case samplesOnly
    /// The recorder may have missed running processes (`hidepid`).
    case hiddenProcesses
    /// The recorder left out this number of namespace changes, of tasks that changed their namespaces too
    /// often: the namespaces of such a task in that time are not known. Only `shared` reports this caveat.
    case changesLeftOut(Int64)
    /// There are more caveats than are listed.
    case more
  }

  /// The code in machine output.
  package var code: String {
    switch kind {
    case .missing(let missing): missing.code
    case .shortLivedLeftOut: "short-lived-left-out"
    case .copiedWhileOpen: "copied-while-open"
    case .samplesOnly: "samples-only"
    case .hiddenProcesses: "processes-hidden"
    case .changesLeftOut: "changes-left-out"
    case .more: "more"
    }
  }

  /// Whether no sample covers the time.
  package var missing: MissingSamples? {
    if case .missing(let missing) = kind { missing } else { nil }
  }
}

/// Finds the caveats of an answer about a window.
struct CaveatFinder {
  let index: SampleIndex

  /// The maximum number of caveats in one answer.
  static let most = 16

  func caveats(
    in window: TimeWindow, isToLastSample: Bool
  ) throws(SQLiteError) -> [Caveat] {
    guard let samples = try index.samples(around: window), let last = index.last else { return [] }
    var caveats =
      if let time = window.since, time == window.until {
        try moment(time)
      } else {
        try outside(window) + pauses(samples, window)
      }
    let latest = try index.point(last)
    // While a recorder runs, the time since its last sample is short, and the next sample will cover it.
    if isToLastSample, latest.session.isOpen,
      let asked = [window.since, window.until].compactMap(\.self).max(),
      asked <= latest.wallEnd &+ 2 &* latest.session.interval &+ 1_000_000_000
    {
      caveats.removeAll { $0.missing == .afterLast }
    }
    caveats += try sessions(samples, window)
    guard caveats.count > Self.most else { return caveats }
    return caveats.prefix(Self.most) + [Caveat(from: nil, until: nil, kind: .more)]
  }

  /// Returns the gaps around one moment; there may be several, because the wall clock may have shown the
  /// time more than once.
  private func moment(_ time: WallTime) throws(SQLiteError) -> [Caveat] {
    try index.sampleWindows(at: time).compactMap { sampleWindow in
      sampleWindow.missing.map {
        Caveat(
          from: sampleWindow.before?.wallEnd, until: sampleWindow.after?.wall, kind: .missing($0))
      }
    }
  }

  /// Returns the caveats for the time before the first or after the last sample. That time counts only if
  /// `since` or `until` of the window lies in it, or if retention removed the beginning of a window without `since`.
  private func outside(_ window: TimeWindow) throws(SQLiteError) -> [Caveat] {
    guard let recorded = try index.recorded(), let last = index.last else { return [] }
    var caveats: [Caveat] = []
    let named = [window.since, window.until].compactMap(\.self)
    if index.reachesExpiredTime(window) || named.contains(where: { $0 < recorded.lowerBound }) {
      caveats.append(
        Caveat(from: nil, until: recorded.lowerBound, kind: .missing(index.missingBefore)))
    }
    let end = max(recorded.upperBound, try index.point(last).wallEnd)
    if named.contains(where: { $0 > end }) {
      caveats.append(Caveat(from: end, until: nil, kind: .missing(.afterLast)))
    }
    return caveats
  }

  /// Returns the gaps between samples.
  private func pauses(
    _ samples: ClosedRange<SequenceNumber>, _ window: TimeWindow
  ) throws(SQLiteError) -> [Caveat] {
    var caveats: [Caveat] = []
    for piece in try index.pieces(of: samples).dropFirst() {
      let sampleWindow = try index.sampleWindow(before: piece.lowerBound)
      guard let before = sampleWindow.before, let after = sampleWindow.after,
        let missing = sampleWindow.missing
      else { continue }
      let (from, until) = (before.wallEnd, after.wall)
      guard window.overlaps(min(from, until), max(from, until)) else { continue }
      caveats.append(Caveat(from: from, until: until, kind: .missing(missing)))
      if caveats.count > Self.most { break }
    }
    return caveats
  }

  /// Returns the caveats that apply to whole sessions.
  private func sessions(
    _ samples: ClosedRange<SequenceNumber>, _ window: TimeWindow
  ) throws(SQLiteError) -> [Caveat] {
    var caveats: [Caveat] = []
    for session in index.sessions
    where session.first <= samples.upperBound && session.last >= samples.lowerBound {
      guard
        !session.hasEvents || session.leavesOutProcesses || session.hidesProcesses
          || session.isCopied
      else {
        continue
      }
      let from = try index.point(session.first).wall
      let until = max(from, try index.point(session.last).wallEnd)
      guard window.overlaps(from, until) else { continue }
      if !session.hasEvents {
        caveats.append(Caveat(from: from, until: until, kind: .samplesOnly))
      }
      if let kept = session.shortLived, session.leavesOutProcesses {
        caveats.append(Caveat(from: from, until: until, kind: .shortLivedLeftOut(kept)))
      }
      if session.isCopied {
        caveats.append(Caveat(from: until, until: nil, kind: .copiedWhileOpen))
      }
      if session.hidesProcesses {
        caveats.append(Caveat(from: from, until: until, kind: .hiddenProcesses))
      }
      if caveats.count > Self.most { break }
    }
    return caveats
  }
}
