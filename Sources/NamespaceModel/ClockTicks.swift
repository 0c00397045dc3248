/// Converts start times of processes to times. The kernel reports a start time as the number of clock ticks since boot.
package enum ClockTicks {
  /// Returns the beginning of a tick on the boot clock, or nil if `Int64` cannot hold it.
  package static func boot(_ ticks: UInt64, perSecond: Int64) -> BootTime? {
    guard let unit = UInt64(exactly: perSecond), unit > 0 else { return nil }
    let product = ticks.multipliedFullWidth(by: 1_000_000_000)
    // The quotient fits into 64 bits only if this holds.
    guard product.high < unit else { return nil }
    return Int64(exactly: unit.dividingFullWidth(product).quotient)
      .map(BootTime.init(nanoseconds:))
  }

  /// Returns the beginning of a tick on the wall clock, or nil if `WallTime` cannot hold it.
  /// `now` gives the offset between the wall clock and the boot clock.
  package static func wall(_ ticks: UInt64, perSecond: Int64, at now: ClockReading) -> WallTime? {
    guard let boot = boot(ticks, perSecond: perSecond) else { return nil }
    let (start, over) = now.epoch.nanoseconds.addingReportingOverflow(boot.nanoseconds)
    return over ? nil : WallTime(nanoseconds: start)
  }
}
