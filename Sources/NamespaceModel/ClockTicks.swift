/// Start times of processes, which the kernel gives in clock ticks of the boot clock.
package enum ClockTicks {
  /// Nanoseconds since boot at the beginning of a tick, or nil when no clock reaches that far.
  package static func nanoseconds(_ ticks: UInt64, perSecond: Int64) -> Int64? {
    guard let unit = UInt64(exactly: perSecond), unit > 0 else { return nil }
    let product = ticks.multipliedFullWidth(by: 1_000_000_000)
    // The quotient fits into 64 bits only then.
    guard product.high < unit else { return nil }
    return Int64(exactly: unit.dividingFullWidth(product).quotient)
  }

  /// The same on the wall clock, as it stands to the boot clock at a moment: nanoseconds since the
  /// epoch, or nil when no clock reaches that far.
  package static func wall(_ ticks: UInt64, perSecond: Int64, at now: ClockReading) -> Int64? {
    guard let boot = nanoseconds(ticks, perSecond: perSecond) else { return nil }
    let (start, over) = (now.wall - now.boot).addingReportingOverflow(boot)
    return over ? nil : start
  }
}
