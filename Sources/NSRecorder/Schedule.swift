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

  /// Why the time between two samples is a gap, nil when it is none: in it, or in one of the two
  /// passes, the recorder did not run for more than a sample that is a little late.
  ///
  /// - Parameter writing: how long the earlier sample took to be written. Who waited for a lock, or
  ///   for a disk, did get to run.
  func gap(
    from last: ProcessSample, to now: ProcessSample, writing: Int64 = 0
  ) -> GapCause? {
    let slack = max(interval / 2, 250_000_000)
    let pause = now.start.boot - last.end.boot
    let missed = max(pause - interval, last.idle, now.idle)
    guard missed > slack else { return nil }
    if now.end.asleep - last.start.asleep > missed / 2 { return .suspended }
    // In the passes nothing is written.
    return pause - interval == missed && writing > missed / 2 ? .writeFailed : .stalled
  }
}

extension ProcessSample {
  /// The part of the pass in which nothing was read: the recorder was stopped, or did not get a
  /// processor. A pass by itself is all system calls.
  fileprivate var idle: Int64 { end.boot - start.boot - (end.running - start.running) }
}

extension ClockReading {
  /// How long the machine was suspended since boot: the monotonic clock stands still then.
  fileprivate var asleep: Int64 { boot - monotonic }
}
