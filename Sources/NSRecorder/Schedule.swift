internal import NSHistory
internal import NamespaceModel

/// When samples are due, and how the ones taken stand to that. Pure: it reads no clock.
///
/// The slots are `start + n * interval` on the boot clock, so samples do not drift, whatever each
/// of them takes.
struct Schedule {
  let start: Int64
  let interval: Int64

  /// The first slot after `now`.
  func next(after now: Int64) -> Int64 {
    guard now >= start else { return start }
    return start + ((now - start) / interval + 1) * interval
  }

  /// How far behind its slot a sample that began at `time` is; nil when it is as good as in time.
  func lateness(of time: Int64) -> Int64? {
    guard time > start else { return nil }
    let late = (time - start) % interval
    return late > max(interval / 10, 1_000_000) ? late : nil
  }

  /// Why the time between two samples is a gap, nil when it is none: more was missed than a
  /// sample that is a little late.
  func gap(from last: ProcessSample, to now: ClockReading) -> GapCause? {
    let pause = now.boot - last.end.boot
    guard pause > max(interval + interval / 2, interval + 250_000_000) else { return nil }
    // The monotonic clock stands still while the machine is suspended.
    let asleep = pause - (now.monotonic - last.end.monotonic)
    return asleep > pause / 2 ? .suspended : .stalled
  }
}
