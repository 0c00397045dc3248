/// Times between samples or events that follow one another, by number: `k` is the time from sample or
/// event `k` to `k + 1`.
struct SampleWindowSet: Hashable {
  /// In order; no two overlap or touch.
  private(set) var ranges: [Range<Int64>] = []

  init() {}

  init(_ range: Range<Int64>) { if !range.isEmpty { ranges = [range] } }

  /// The union of ranges in any order.
  init(_ all: some Sequence<Range<Int64>>) {
    for range in all.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
  }

  var isEmpty: Bool { ranges.isEmpty }

  func union(_ other: SampleWindowSet) -> SampleWindowSet {
    if isEmpty { return other }
    return other.isEmpty ? self : SampleWindowSet(ranges + other.ranges)
  }

  func intersection(_ other: SampleWindowSet) -> SampleWindowSet {
    var found: [Range<Int64>] = []
    var (mine, its) = (0, 0)
    while mine < ranges.count, its < other.ranges.count {
      let both = ranges[mine].clamped(to: other.ranges[its])
      if !both.isEmpty { found.append(both) }
      if ranges[mine].upperBound < other.ranges[its].upperBound { mine += 1 } else { its += 1 }
    }
    return SampleWindowSet(found)
  }

  func intersection(_ range: Range<Int64>) -> SampleWindowSet {
    intersection(SampleWindowSet(range))
  }

  func subtracting(_ other: SampleWindowSet) -> SampleWindowSet {
    var found: [Range<Int64>] = []
    var next = 0
    for range in ranges {
      var low = range.lowerBound
      while next < other.ranges.count, other.ranges[next].upperBound <= low { next += 1 }
      var hole = next
      while hole < other.ranges.count, other.ranges[hole].lowerBound < range.upperBound {
        if low < other.ranges[hole].lowerBound { found.append(low..<other.ranges[hole].lowerBound) }
        low = max(low, other.ranges[hole].upperBound)
        hole += 1
      }
      if low < range.upperBound { found.append(low..<range.upperBound) }
    }
    return SampleWindowSet(found)
  }

  /// Whether all of a range is in it.
  func contains(_ range: Range<Int64>) -> Bool {
    let place = ranges.partitioningIndex { $0.upperBound > range.lowerBound }
    return place < ranges.count && ranges[place].lowerBound <= range.lowerBound
      && ranges[place].upperBound >= range.upperBound
  }
}
