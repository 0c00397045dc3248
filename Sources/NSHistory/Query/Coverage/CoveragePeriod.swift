/// A time that is recorded without a gap, or what is between two of those.
public struct CoveragePeriod: Sendable, Hashable {
  /// From when, in nanoseconds since the epoch: the beginning of the first sample, or the end of the
  /// last one before.
  public let from: Int64
  /// Until when: the end of the last sample, or the beginning of the first one after. Earlier than
  /// `from` where the clock was set back.
  public let until: Int64
  /// How long that was, in nanoseconds, whatever the wall clock did; nil where that is not known.
  public let length: Int64?
  /// What it is.
  public let kind: Kind

  /// What a period is.
  public enum Kind: Sendable, Hashable {
    /// Samples were taken.
    case recorded(Recorded)
    /// None was.
    case gap(MissingSamples)
    /// No sample is missing, and the wall clock was set by so many nanoseconds: by less than nothing
    /// where it was set back.
    case clockSet(Int64)
  }

  /// What was recorded; nil where nothing was.
  public var recorded: Recorded? {
    if case .recorded(let recorded) = kind { recorded } else { nil }
  }

  /// So many disagreements are listed of one period.
  public static let mostDisagreements: Int64 = 20

  /// What was recorded without a gap, by one recorder.
  public struct Recorded: Sendable, Hashable {
    /// Counts the runs of the recorder in this file.
    public let session: Int64
    /// How many samples there are.
    public let samples: Int64
    /// How many events that changed something; nil where none were listened to.
    public let events: Int64?
    /// How often a sample showed of a process what no event had told.
    public let disagreements: Int64
    /// The first of these, `mostDisagreements` of them or fewer.
    public let disagreed: [DisagreementRecord]
    /// How many changes of namespaces were left out, of tasks that changed theirs too often: in which
    /// namespaces of that type they were meanwhile is unknown.
    public let folded: Int64
    /// From one sample to the next, as it was asked for, in nanoseconds.
    public let interval: Int64
    /// How the run ended: `completed`, `stopped`, `failed`, `died` or `open`; `unknown-end` in a copy that was
    /// made while it was open.
    public let state: String
    /// The boot's uuid.
    public let boot: String
    /// The inode number of the pid namespace whose PIDs these are; nil if that is not known.
    public let pidNamespaceInode: UInt64?
    /// Of how many processes a link was denied.
    public let denied: Int64
    /// Whether processes could be there and not be seen (`hidepid`).
    public let hidesProcesses: Bool
    /// Which of the processes that no sample met were kept; nil where no event told of any.
    public let shortLived: ShortLived?
  }
}

/// Whether a history can answer what was at a moment.
public struct CoverageAtMoment: Sendable, Hashable {
  /// Whether samples lie on both sides of it, with no gap in between.
  public let isCovered: Bool
  /// The samples around it: more than one pair where the clock was set, or within a sample.
  public let samples: [SameAnswer.SampleGap]
  /// Whether processes could be there and not be seen (`hidepid`).
  public let hidesProcesses: Bool
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  public let recorded: ClosedRange<Int64>?
}
