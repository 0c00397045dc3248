internal import NamespaceModel
internal import SQLite

/// Finds when the processes of a group were proven to be in one namespace together with others, by
/// the rules of `SameOverRange`: throughout the time between two samples that both saw them there, or
/// events; and at one sample alone as `SampleSides` says.
///
/// Instead of comparing every two processes it goes through the times of each process once, along
/// those of all others in the same namespace (`Crowd`).
struct SharingFinder {
  let time: ObservedTime

  /// A time throughout which a process shared, by numbers of samples or events.
  struct Sharing {
    let from: Int64
    let until: Int64
    let endsExactly: Bool
  }

  private var index: SampleIndex { time.index }

  /// When a process was in a namespace with others of a crowd.
  func sharing(_ one: Presence, with crowd: Crowd) throws(SQLiteError) -> [Sharing] {
    var found: [Sharing] = []
    for part in try overlaps(one, crowd) { found += pieces(of: part) }
    let moments = self.moments(one, crowd).filter { !Self.isIn(found, $0) }
    for moment in moments where try isProven(at: moment, one, crowd) {
      found.append(.init(from: moment, until: moment, endsExactly: false))
    }
    return found.sorted { $0.from < $1.from }
  }

  /// When a process was in a namespace.
  func stays(_ one: Presence) -> [Sharing] {
    var found = pieces(of: .init(from: one.from, until: one.end, endsExactly: one.endsExactly))
    let moments = Set(bounds(one)).filter { !Self.isIn(found, $0) }
    for moment in moments { found.append(.init(from: moment, until: moment, endsExactly: false)) }
    return found.sorted { $0.from < $1.from }
  }

  /// Whether a sample or event is in one of some times, which are in order.
  private static func isIn(_ times: [Sharing], _ moment: Int64) -> Bool {
    let place = times.partitioningIndex { $0.until >= moment }
    return place < times.count && times[place].from <= moment
  }

  /// The times in which it was there together with another, whole.
  private func overlaps(
    _ one: Presence, _ crowd: Crowd
  ) throws(SQLiteError) -> [Sharing] {
    var found: [Sharing] = []
    let segments = crowd.segments
    var place = segments.partitioningIndex { $0.until > one.from }
    while place < segments.count, segments[place].from < one.end {
      let segment = segments[place]
      place += 1
      guard segment.hasOther(than: one.owner) else { continue }
      let from = max(one.from, segment.from)
      let until = min(one.end, segment.until)
      let endsExactly =
        (until < one.end || one.endsExactly) && (until < segment.until || segment.endsExactly)
      // In a sample one may have left before the next one came.
      var goesOn = false
      if let last = found.last, last.until == from {
        goesOn = segment.keepsOther(than: one.owner)
        if !goesOn { goesOn = try index.point(from).isExact }
      }
      if goesOn, let last = found.last {
        found[found.count - 1] = .init(from: last.from, until: until, endsExactly: endsExactly)
      } else {
        found.append(.init(from: from, until: until, endsExactly: endsExactly))
      }
    }
    return found
  }

  /// The parts of a time between which no sample is missing and the clock was not set.
  private func pieces(of whole: Sharing) -> [Sharing] {
    var found: [Sharing] = []
    var from = whole.from
    var next = time.cuts.partitioningIndex { $0 > whole.from }
    while next < time.cuts.count, time.cuts[next] <= whole.until {
      let cut = time.cuts[next]
      if from < cut - 1 { found.append(.init(from: from, until: cut - 1, endsExactly: false)) }
      from = cut
      next += 1
    }
    if from < whole.until {
      found.append(.init(from: from, until: whole.until, endsExactly: whole.endsExactly))
    }
    return found
  }

  /// The first and the last sample of each part of a presence.
  private func bounds(_ one: Presence) -> [Int64] {
    let low = max(one.from, time.samples.lowerBound)
    let high = min(one.until, time.samples.upperBound)
    guard low <= high else { return [] }
    var bounds = [low, high]
    var next = time.cuts.partitioningIndex { $0 > low }
    while next < time.cuts.count, time.cuts[next] <= high {
      bounds += [time.cuts[next] - 1, time.cuts[next]]
      next += 1
    }
    return bounds
  }

  /// The samples that alone may prove that it shared.
  private func moments(_ one: Presence, _ crowd: Crowd) -> [Int64] {
    var moments = Set(bounds(one))
    let first = crowd.single.partitioningIndex { $0 >= one.from }
    moments.formUnion(crowd.single[first...].prefix { $0 <= one.until })
    return moments.filter(time.samples.contains).sorted()
  }

  /// Whether one sample or event proves that a process and another were there at one moment.
  private func isProven(
    at moment: Int64, _ one: Presence, _ crowd: Crowd
  ) throws(SQLiteError) -> Bool {
    let point = try index.point(moment)
    let sides = point.isExact ? nil : try SampleSides(point, index)
    var isProven = false
    crowd.presences.forEach(from: moment, to: moment) { other in
      guard other.owner != one.owner, other.covers(moment) else { return true }
      isProven = sides?.prove([one, other]) ?? true
      return !isProven
    }
    return isProven
  }
}

extension SampleSides {
  /// Whether two processes that the sample saw in a namespace were there at one moment of it.
  func prove(_ presences: [Presence]) -> Bool {
    prove(presences.map { ($0.from, $0.until) })
  }
}
