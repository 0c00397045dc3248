public import NamespaceModel

/// A process that was, or may have been, there at a moment, and where.
public struct ProcessAtMoment: Sendable, Hashable {
  /// The process.
  public internal(set) var process: ProcessRecord
  /// How sure it is that it was there.
  public let presence: Presence
  /// Where it was, by type.
  public let places: [NamespaceType: Place]
  /// Where its children went, of the types of which that may have been elsewhere than it was itself.
  public let placesOfChildren: [NamespaceType: Place]

  /// The types of which it was in the namespace that the kernel made at boot, which is the host's.
  public var sharedWithHost: [NamespaceType] {
    NamespaceType.allCases.filter { type in
      guard let place = places[type] else { return false }
      return place.namespace?.isInitial == true && place.others.isEmpty
    }
  }

  /// Where a process was.
  public struct Place: Sendable, Hashable {
    /// The namespace it was last seen in, or first; nil where none could be read.
    public let namespace: NamespaceRecord?
    /// Why it is not certain that it was in it then; nil when it is.
    public let reason: UnknownReason?
    /// Where else it was seen, by the other samples around the moment.
    public let others: [NamespaceRecord]
    /// Whether the samples around the moment do not all say the same of it.
    let isDisputed: Bool

    init(
      namespace: NamespaceRecord?, reason: UnknownReason?, others: [NamespaceRecord],
      isDisputed: Bool
    ) {
      self.namespace = namespace
      self.reason = reason
      self.others = others
      self.isDisputed = isDisputed
    }

    /// Whether all samples that there are agree on it.
    var isCertain: Bool { reason == nil || (reason == .gap && !isDisputed) }

    /// All that it was seen in.
    public var namespaces: [NamespaceRecord] { [namespace].compactMap(\.self) + others }

    /// The same place, for another reason.
    public init(_ place: Place, because reason: UnknownReason?) {
      self.init(
        namespace: place.namespace, reason: reason, others: place.others,
        isDisputed: place.isDisputed)
    }
  }

  /// Whether a process was there. The raw value is the word in every output.
  public enum Presence: String, Sendable, Hashable, CaseIterable {
    /// It was: it was seen before and after.
    case certain
    /// It was seen before, and there is no sample after.
    case lastSeen = "last-seen"
    /// It was seen after, and there is no sample before.
    case firstSeen = "first-seen"
    /// It was seen before, and not after: it may have exited already.
    case exiting
    /// It was seen after, and not before: it may not have started yet.
    case starting
  }
}

/// All processes at a moment.
public struct MomentAnswer: Sendable {
  /// By PID.
  public var processes: [ProcessAtMoment]
  /// The samples around the moment.
  public var samples: [SameAnswer.SampleGap]
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  public var recorded: ClosedRange<Int64>?
}
