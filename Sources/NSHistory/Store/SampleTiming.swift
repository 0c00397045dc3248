/// How a sample stands to its schedule, and to what events told before it.
public struct SampleTiming: Sendable, Hashable {
  /// Nanoseconds behind its schedule; nil when it is in time.
  public var late: Int64?
  /// Why there is no sample in the time before it; nil when there is one.
  public var gap: GapCause?
  /// Whether events told all that happened since the sample before.
  public var isExact: Bool
  /// Of how many processes it showed what no event had told.
  public var disagreements: Int
  /// Where events were lost, since the sample before.
  public var losses: [LostEvents]
  /// How many changes of namespaces were left out since the sample before, of tasks that changed theirs
  /// too often.
  public var folded: Int

  /// A timing with these values.
  public init(
    late: Int64? = nil, gap: GapCause? = nil, isExact: Bool = false, disagreements: Int = 0,
    losses: [LostEvents] = [],
    folded: Int = 0
  ) {
    self.late = late
    self.gap = gap
    self.isExact = isExact
    self.disagreements = disagreements
    self.losses = losses
    self.folded = folded
  }
}
