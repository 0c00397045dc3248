/// How a sample stands to its schedule.
public struct SampleTiming: Sendable, Hashable {
  /// Nanoseconds behind its schedule; nil when it is in time.
  public var late: Int64?
  /// Why there is no sample in the time before it; nil when there is one.
  public var gap: GapCause?

  /// A timing with these values.
  public init(late: Int64? = nil, gap: GapCause? = nil) {
    self.late = late
    self.gap = gap
  }
}
