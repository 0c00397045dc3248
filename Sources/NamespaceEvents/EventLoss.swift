/// What the kernel reported, or would have reported, and a listener did not get.
package struct EventLoss: Sendable, Hashable {
  /// How many records; 0 when that is not known.
  package var records: UInt64
  /// Up to here all were had, in nanoseconds of `CLOCK_BOOTTIME`.
  package var after: Int64
  /// From here on all are had again, on the same clock.
  package var by: Int64
  /// Why they were lost.
  package var cause: Cause

  /// Why records are lost.
  package enum Cause: Sendable, Hashable {
    /// The ring of a processor had no room: it was not drained often enough, or is too small.
    case ringFull
    /// A processor came, or went and came back, and told nothing until its ring was open.
    case processorsChanged
    /// A record is not in the form of `perf_event_open(2)`.
    case malformed
  }

  /// A loss with these values.
  package init(records: UInt64, after: Int64, by: Int64, cause: Cause) {
    self.records = records
    self.after = after
    self.by = by
    self.cause = cause
  }
}
