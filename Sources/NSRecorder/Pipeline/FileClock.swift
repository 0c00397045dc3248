internal import NamespaceModel

/// Readings of the clock that the kernel uses for file times, each with a time on the boot clock by which it was taken.
///
/// That clock advances only when a processor handles a tick, which may be late by any time: the processor may have
/// interrupts off, or a hypervisor may not run it. So a file time cannot be converted by a constant. But the clock never
/// goes back while the wall clock is not set: a file whose time is before a reading existed when the reading was taken.
struct FileClock {
  private var readings: [Reading] = []

  private struct Reading {
    let time: WallTime
    let boot: BootTime
  }

  /// The least time between two readings, in nanoseconds: the clock shows about the same within a tick.
  private static let spacing: Int64 = 4_000_000
  /// The most readings that are retained. An older file existed by the time of the oldest of them.
  private static let most = 1024

  /// Whether the last reading is so old that another one is of use.
  func isDue(_ now: BootTime) -> Bool {
    readings.last.map { now - $0.boot >= Self.spacing } ?? true
  }

  /// Adds a reading that was taken by a time on the boot clock. Drops each second reading when there are too many.
  mutating func add(_ time: WallTime, by boot: BootTime) {
    readings.append(Reading(time: time, boot: boot))
    guard readings.count > Self.most else { return }
    readings = readings.enumerated().filter { $0.offset % 2 == 0 || $0.offset > Self.most / 2 }
      .map(\.element)
  }

  /// Returns a time on the boot clock by which a file with this time certainly existed; nil if no reading shows one.
  func bootTime(_ fileTime: WallTime) -> BootTime? {
    // A file that was created after a reading has the time of that reading or a later one.
    readings.first { $0.time > fileTime }?.boot
  }
}
