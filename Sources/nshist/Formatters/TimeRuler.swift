internal import NSHistory
internal import NamespaceModel

/// The ruler of a drawing of time: round times, such as every 5 s, 30 min or day, in the user's zone.
struct TimeRuler {
  let time: ClosedRange<WallTime>
  let zone: TimeZoneChoice

  struct Tick {
    let time: WallTime
    let text: String
  }

  private static let second: Int64 = 1_000_000_000
  private static let day: Int64 = 86_400 * second
  private static let steps: [Int64] =
    (0..<9).flatMap { power -> [Int64] in
      let unit = (0..<power).reduce(Int64(1)) { product, _ in product * 10 }
      return [unit, 2 * unit, 5 * unit]
    }
    + [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
      172_800, 604_800, 1_209_600, 2_592_000, 5_184_000, 15_552_000, 31_536_000,
    ].map { $0 * second }
  /// The greatest number of steps that are tried: the times of a damaged file may overflow.
  private static let most = 1000

  /// Returns the ticks, which are at least so many nanoseconds apart.
  func ticks(apart least: Double) -> [Tick] {
    let step = Self.steps.first { Double($0) >= least } ?? Self.steps[Self.steps.count - 1]
    var offset = TimeFormat.offset(of: time.lowerBound, in: zone)
    let first = time.lowerBound.nanoseconds &+ offset
    var local = first - first % step
    if local < first { local &+= step }
    var ticks: [Tick] = []
    for _ in 0..<Self.most {
      var at = WallTime(nanoseconds: local &- offset)
      // Zones are ahead of UTC by quarters of an hour, so that a shorter step is round at any offset. A longer one may
      // cross a change of the offset (summer time), after which the same time of day is at another moment.
      let next = step > 900 * Self.second ? TimeFormat.offset(of: at, in: zone) : offset
      if next != offset { at = WallTime(nanoseconds: local &- next) }
      guard at <= time.upperBound else { break }
      // The clock may have been set forward over this time of day.
      if next == offset || TimeFormat.offset(of: at, in: zone) == next {
        offset = next
        if at >= time.lowerBound { ticks.append(Tick(time: at, text: text(at, step, local))) }
      }
      let (following, isPast) = local.addingReportingOverflow(step)
      if isPast { break }
      local = following
    }
    return ticks
  }

  /// Returns the text of a tick: the date where a day begins, else the time of day as exactly as the step requires.
  private func text(_ time: WallTime, _ step: Int64, _ local: Int64) -> String {
    let parts = TimeFormat.localTime(time, zone).split(separator: " ")
    let clock = parts.count > 1 ? parts[1] : ""
    if local % Self.day == 0 { return String(parts[0]) }
    if step >= 60 * Self.second { return String(clock.prefix(5)) }
    return step >= Self.second ? String(clock.prefix(8)) : String(clock.prefix(12))
  }
}
