internal import NSHistory
internal import NamespaceModel

/// Whether the tracked tasks are those of the machine.
///
/// The recording begins in `awaitingSample` and passes through the states in this order. From `following` and
/// `contradicted` a loss of events leads back to `awaitingSample`. Batches of events exist in `following` and
/// `contradicted` only: otherwise a sample reports the whole state.
enum SyncState {
  /// No event was applied yet, or events were lost since: the next sample has to show the state of all tasks. No event is
  /// applied meanwhile.
  case awaitingSample(Resync)
  /// A sample was adopted as the state of all tasks. The events since its beginning are being applied.
  case replaying(Resync, Replay)
  /// All events since a sample were applied.
  case following(since: BootTime)
  /// An event contradicts the events before it, which proves that an event is missing. No more events are applied.
  case contradicted(at: BootTime, since: BootTime)

  /// What the sample of a start or resync repairs.
  struct Resync {
    /// The losses of events; none at the start of the recording.
    var losses: [LostEvents] = []
    /// The state of the tasks in the history.
    var reported = ReportedState()
    /// Whether no sample was adopted before.
    var isFirst = true
  }

  /// How the events since the beginning of an adopted sample fit to it.
  struct Replay {
    /// The end of the sample, on the boot clock.
    let since: BootTime
    /// Whether an event contradicts the sample. The sample may have read a task before or after the event, so that this
    /// proves nothing, but no further events are applied to the sample.
    var isContradicted = false
    /// Whether the sample missed a thread that executed a program meanwhile, so that another sample is needed.
    var needsOtherSample = false
  }

  /// The resync that has to be finished before batches of events are made again; nil if there is none.
  var resync: Resync? {
    switch self {
    case .awaitingSample(let resync), .replaying(let resync, _): resync
    case .following, .contradicted: nil
    }
  }

  /// Whether a sample has to report the whole state.
  var isResyncing: Bool {
    switch self {
    case .awaitingSample, .replaying: true
    case .following, .contradicted: false
    }
  }

  /// The time of the event that proves that an event is missing; nil if there is none.
  var contradiction: BootTime? {
    if case .contradicted(let time, _) = self { time } else { nil }
  }

  /// Whether events are applied at present, and none has contradicted the others.
  var isInSync: Bool {
    switch self {
    case .following: true
    case .replaying(_, let replay): !replay.isContradicted
    case .awaitingSample, .contradicted: false
    }
  }

  /// Whether the adopted sample missed a thread, so that another one has to take its place.
  var needsOtherSample: Bool {
    if case .replaying(_, let replay) = self { replay.needsOtherSample } else { false }
  }

  /// Whether a time is so long after the end of the last adopted sample that no event at that time can report a change
  /// that the sample shows already.
  func isLongAfterSample(_ time: BootTime) -> Bool {
    switch self {
    case .awaitingSample: false
    case .replaying(_, let replay): time - replay.since > Self.longestEventDelay
    case .following(let since), .contradicted(_, let since): time - since > Self.longestEventDelay
    }
  }
  private static let longestEventDelay: Int64 = 1_000_000_000

  // MARK: Transitions

  /// Notes that an event contradicts the events before it.
  mutating func contradict(at time: BootTime) {
    switch self {
    case .awaitingSample: break
    case .replaying(let resync, var replay):
      replay.isContradicted = true
      self = .replaying(resync, replay)
    case .following(let since), .contradicted(_, let since):
      self = .contradicted(at: time, since: since)
    }
  }

  /// Notes that the last sample missed a thread that executes a program.
  mutating func missThread(at time: BootTime) {
    guard case .replaying(let resync, var replay) = self else { return contradict(at: time) }
    replay.needsOtherSample = true
    self = .replaying(resync, replay)
  }

  /// Begins a resync, or adds to the losses of the one that waits for a sample.
  ///
  /// - Parameter reported: returns the state of the tasks in the history.
  mutating func awaitSample(repairing losses: [LostEvents], _ reported: () -> ReportedState) {
    if var resync {
      resync.losses = losses + resync.losses
      self = .awaitingSample(resync)
    } else {
      self = .awaitingSample(Resync(losses: losses, reported: reported(), isFirst: false))
    }
  }

  /// Begins to apply events to an adopted sample. Returns whether it is the first adopted one.
  mutating func beginReplay(_ sample: ProcessSample) -> Bool {
    guard case .awaitingSample(var resync) = self else {
      preconditionFailure("a sample is adopted only while one is awaited")
    }
    defer {
      resync.isFirst = false
      self = .replaying(resync, Replay(since: sample.end.boot))
    }
    return resync.isFirst
  }

  /// Ends the resync, and returns it.
  mutating func finishReplay() -> Resync {
    guard case .replaying(let resync, let replay) = self else {
      preconditionFailure("a resync ends after its sample was adopted")
    }
    self = .following(since: replay.since)
    return resync
  }
}
