internal import SQLite

/// A limit of what a history can say about a time: what was there may not be in the file.
package struct Caveat: Sendable, Hashable {
  /// From when on it applies, in nanoseconds since the epoch; nil for the beginning of all times.
  package let from: Int64?
  /// Until when it applies; nil for the end of all times.
  package let until: Int64?
  /// What limits the answer.
  package let kind: Kind

  /// What limits an answer.
  package enum Kind: Sendable, Hashable {
    /// No sample covers the time.
    case missing(MissingSamples)
    /// Processes that no sample observed were left out on request (`record --short-lived`).
    case shortLivedLeftOut(ShortLived)
    /// The file is a copy that was made while the session was open: what followed is not in it.
    case copiedWhileOpen
    /// Only samples were taken, and no events: changes between two samples are not recorded.
    case samplesOnly
    /// Processes could be there and not be seen (`hidepid`).
    case hiddenProcesses
    /// So many changes of namespaces were left out, of a task that made too many: where it was meanwhile is not
    /// known. Looked for by `shared` alone.
    case changesLeftOut(Int64)
    /// There are more caveats of the same kinds than are listed.
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

/// Finds what limits an answer about a window.
struct CaveatFinder {
  let index: SampleIndex

  /// An answer lists no more.
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
    // While a recorder runs the time since its last sample is short, and its next one tells of it.
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

  /// Around one moment: the wall clock may have shown it more than once.
  private func moment(_ time: Int64) throws(SQLiteError) -> [Caveat] {
    try index.sampleWindows(at: time).compactMap { sampleWindow in
      sampleWindow.missing.map {
        Caveat(
          from: sampleWindow.before?.wallEnd, until: sampleWindow.after?.wall, kind: .missing($0))
      }
    }
  }

  /// Time outside of all samples belongs to the window only if it was asked for by name.
  private func outside(_ window: TimeWindow) throws(SQLiteError) -> [Caveat] {
    guard let recorded = try index.recorded(), let last = index.last else { return [] }
    var caveats: [Caveat] = []
    let named = [window.since, window.until].compactMap(\.self)
    if named.contains(where: { $0 < recorded.lowerBound }) {
      caveats.append(
        Caveat(from: nil, until: recorded.lowerBound, kind: .missing(index.missingBefore)))
    }
    let end = max(recorded.upperBound, try index.point(last).wallEnd)
    if named.contains(where: { $0 > end }) {
      caveats.append(Caveat(from: end, until: nil, kind: .missing(.afterLast)))
    }
    return caveats
  }

  /// The gaps between samples.
  private func pauses(
    _ samples: ClosedRange<Int64>, _ window: TimeWindow
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

  /// What a session as a whole did not see or keep.
  private func sessions(
    _ samples: ClosedRange<Int64>, _ window: TimeWindow
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
