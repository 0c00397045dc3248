/// A time of which the kernel told events that did not arrive.
public struct EventLoss: Sendable, Hashable {
  /// How many records were lost; 0 when that is not known.
  public var records: UInt64
  /// Up to when all were had, in nanoseconds of the boot clock.
  public var after: Int64
  /// From when on all were had again.
  public var by: Int64
  /// Why.
  public var cause: Cause

  /// A loss with these values.
  public init(records: UInt64, after: Int64, by: Int64, cause: Cause) {
    self.records = records
    self.after = after
    self.by = by
    self.cause = cause
  }

  /// Why events were lost.
  public enum Cause: Sendable, Hashable {
    /// The ring was full.
    case ringFull
    /// A processor came, and was not listened to at once; or one went, with what it had not told.
    case processorsChanged
    /// What was read makes no sense.
    case malformed
  }
}
