package import NamespaceModel

/// A loss: a range of time in which a listener missed records that the kernel wrote or would have written.
package struct EventLoss: Sendable, Hashable {
  /// The number of lost records; 0 if it is not known.
  package var records: UInt64
  /// The time up to which the listener received all records, in nanoseconds of `CLOCK_BOOTTIME`.
  package var after: BootTime
  /// The time from which the listener receives all records again, on the same clock.
  package var by: BootTime
  /// The reason for the loss.
  package var cause: Cause

  /// The reasons for which records are lost.
  package enum Cause: Sendable, Hashable {
    /// The ring of a processor was full: it was not drained often enough, or is too small.
    case ringFull
    /// A processor came online, for the first time or again, and reported nothing until its ring was
    /// open.
    case processorsChanged
    /// A record did not have the form that `perf_event_open(2)` gives, so its event is not known.
    case malformed
  }

  /// A loss with these values.
  package init(records: UInt64, after: BootTime, by: BootTime, cause: Cause) {
    self.records = records
    self.after = after
    self.by = by
    self.cause = cause
  }
}
