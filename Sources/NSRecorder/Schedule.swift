internal import NSHistory
internal import NamespaceModel

/// Computes when samples are due, and whether a taken sample was late or followed a gap. A schedule
/// reads no clock.
///
/// The slots are `start + n * interval` on the boot clock, so samples do not drift, however long each
/// takes.
struct Schedule {
  let start: BootTime
  let interval: Int64

  /// Returns the first slot after `now`; `start` if `now` is earlier.
  func next(after now: BootTime) -> BootTime {
    guard now >= start else { return start }
    return start + ((now - start) / interval + 1) * interval
  }

  /// Returns the delay of a sample that began so long after it was due; nil if that is negligible. An extra sample
  /// lies between two slots and is not late for that.
  func lateness(_ delay: Int64) -> Int64? {
    delay > max(interval / 10, 1_000_000) ? delay : nil
  }

  /// Returns why the time between two samples is a gap; nil if it is none. A gap is a time, between the
  /// samples or within one of the two passes, in which the recorder did not run for longer than a small
  /// delay explains.
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
