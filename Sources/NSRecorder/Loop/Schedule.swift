internal import NSHistory
internal import NamespaceModel

/// Computes when samples are due, whether a sample was late, and whether there is a gap, a time without observation,
/// before it. A schedule reads no clock.
///
/// A sample is due at each slot: the times `start + n * interval` on the boot clock. So samples do not drift, however
/// long each takes.
struct Schedule {
  let start: BootTime
  let interval: Int64

  /// Returns the first slot after `now`; `start` if `now` is earlier.
  func next(after now: BootTime) -> BootTime {
    guard now >= start else { return start }
    return start + ((now - start) / interval + 1) * interval
  }

  /// Returns the delay to record for a sample that began `delay` nanoseconds after it was due; nil if the delay is
  /// negligible. An extra sample has its own due time, so it is not late because it lies between two slots.
  func lateness(_ delay: Int64) -> Int64? {
    delay > max(interval / 10, 1_000_000) ? delay : nil
  }

  /// Returns the cause of the gap between two samples; nil if there is none. There is a gap if the recorder
  /// did not run for some time, between the samples or within one of the two passes, that is longer than a
  /// usual delay.
  ///
  /// - Parameter writing: how long the recorder took to write the earlier sample. A recorder that waited
  ///   for a lock or a disk was not stalled.
  func gap(
    from last: ProcessSample, to now: ProcessSample, writing: Int64 = 0
  ) -> GapCause? {
    let slack = max(interval / 2, 250_000_000)
    let pause = now.start.boot - last.end.boot
    let missed = max(pause - interval, last.idle, now.idle)
    guard missed > slack else { return nil }
    if now.end.asleep - last.start.asleep > missed / 2 { return .suspended }
    // The recorder writes nothing during a pass.
    return pause - interval == missed && writing > missed / 2 ? .writeFailed : .stalled
  }
}

extension ProcessSample {
  /// The part of the pass in which the recorder was stopped or got no processor, in nanoseconds. A pass
  /// consists of system calls and does not sleep.
  fileprivate var idle: Int64 { end.boot - start.boot - (end.running - start.running) }
}

extension ClockReading {
  /// How long the machine was suspended since boot: the monotonic clock does not advance while it is.
  fileprivate var asleep: Int64 { boot.nanoseconds - monotonic }
}
