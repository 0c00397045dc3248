public import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// The lanes of the selected processes, one a process and type, in the order asked for.
  public func timeline(
    _ selectors: [ProcessSelector], in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases
  ) throws(HistoryError) -> [Lane] {
    try reading { (reading) throws(SQLiteError) in
      let query = TimelineQuery(reading: reading)
      var lanes: [Lane] = []
      var met: Set<Int64> = []
      for selector in selectors {
        for life in try ProcessFinder(reading: reading).lives(selector, in: window)
        where met.insert(life.process.id).inserted {
          lanes += try query.lanes(of: life, types)
        }
      }
      return lanes
    }
  }
}

/// Cuts the life of a process into segments.
struct TimelineQuery {
  let reading: Reading

  func lanes(of life: Life, _ types: [NamespaceType]) throws(SQLiteError) -> [Lane] {
    let runs = try reading.tracks.runs(of: life.memberships)
    return try types.map { (type) throws(SQLiteError) in
      var segments: [Lane.Segment] = []
      for run in runs[type.link] { segments += try self.segments(run, life) }
      return Lane(process: life.process, type: type, segments: Self.joined(segments))
    }
  }

  private func segments(_ run: Track.Run, _ life: Life) throws(SQLiteError) -> [Lane.Segment] {
    let edges = reading.edges(of: life)
    let state: Lane.State =
      switch run.value {
      case .namespace(let namespace): .namespace(namespace)
      case .unread(let reason): .unknown(UnknownReason(reason))
      }
    var segments: [Lane.Segment] = []
    for piece in try reading.index.pieces(of: run.from...run.until) {
      let from = try reading.index.point(piece.lowerBound).wall
      let until = max(from, try reading.index.point(piece.upperBound).wall)
      let beginning = try edges.beginning(
        at: piece.lowerBound, goesOn: piece.lowerBound > run.from)
      if let before = beginning.other, let doubt = doubt(beginning, life) {
        // It was not there before it started.
        let since = max(before, life.process.start ?? before)
        segments.append(.init(from: min(since, from), until: from, state: .unknown(doubt)))
      }
      segments.append(.init(from: from, until: until, state: state))
      let end = try edges.end(at: piece.upperBound, goesOn: piece.upperBound < run.until)
      if let after = end.other, let doubt = doubt(end, life) {
        segments.append(.init(from: until, until: max(until, after), state: .unknown(doubt)))
      }
    }
    return segments
  }

  /// Why it is not known where the process was beyond an edge; nil where no sample limits it.
  private func doubt(_ edge: Edge, _ life: Life) -> UnknownReason? {
    switch edge.kind {
    case .started, .changed, .exited: .changedBetweenSamples
    case .firstSeen, .lastSeen: .gap
    case .open: nil
    }
  }

  /// The doubt behind one piece and the doubt before the next are one.
  private static func joined(_ segments: [Lane.Segment]) -> [Lane.Segment] {
    segments.reduce(into: []) { joined, segment in
      if joined.last != segment { joined.append(segment) }
    }
  }
}
