/// Start times of processes, which the kernel gives in clock ticks of the boot clock.
public enum ClockTicks {
  /// Nanoseconds since boot at the beginning of a tick, or nil when no clock reaches that far.
  public static func nanoseconds(_ ticks: UInt64, perSecond: Int64) -> Int64? {
    guard perSecond > 0 else { return nil }
    let unit = UInt64(perSecond)
    // Whole seconds apart: the product of ticks and nanoseconds may not fit.
    let (seconds, over) = (ticks / unit).multipliedReportingOverflow(by: 1_000_000_000)
    guard !over else { return nil }
    return Int64(exactly: seconds).flatMap { whole in
      let (sum, over) = whole.addingReportingOverflow(
        Int64(ticks % unit * 1_000_000_000 / unit))
      return over ? nil : sum
    }
  }
}
