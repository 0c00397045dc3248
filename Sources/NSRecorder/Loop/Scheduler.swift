internal import NamespaceModel

/// Decides what a recorder does next. It reads no clock and does no work: the loop (`RecordingLoop`) gives it the
/// situation, does what it says, and notes the result here.
struct Scheduler {
  let schedule: Schedule
  /// When the next sample is due.
  private(set) var sampleDue: BootTime = .min
  /// The time before which no extra sample is taken for the event recording, because the last sample failed or could
  /// not be used.
  private var notBefore: BootTime = .min
  /// Whether an extra sample is taken before the next due time, because the last sample did not confirm the state that
  /// events had reported of some task.
  private var takesExtraSample = false
  /// When the events are to be written.
  private var eventsDue: BootTime = .max
  /// When background scans are to be started or their results collected.
  private var scansDue: BootTime = .max
  /// The longest time between two signs of life, in nanoseconds; nil if none are given.
  private let pulse: Int64?
  private var pulseDue: BootTime

  /// How long events may wait before they are written, in nanoseconds.
  private static let eventWriteDelay: Int64 = 750_000_000
  /// The delay, in nanoseconds, until the extra sample that decides about tasks whose state the last sample did not
  /// confirm.
  private static let extraSampleDelay: Int64 = 100_000_000
  /// When more events than this are queued, they are written at once.
  private static let manyEvents = 1 << 15

  /// What the recorder does next.
  enum Action: Equatable {
    /// Write the events before the pending sample that are too many to be written with it.
    case writeEventsBeforeSample
    /// Write the pending sample, with the events before it.
    case completeSample
    case takeSample
    case writeEvents
    case pollScans
    /// Take a step of retention.
    case retain
    /// Wait until this time, or until events arrive.
    case wait(until: BootTime)
  }

  /// A sample that is not written yet, because events up to its end may still arrive.
  enum PendingSample: Equatable {
    case none
    /// Events may arrive until this time.
    case waiting(until: BootTime)
    /// All events have arrived, perhaps more before the sample than one step applies.
    case ready(hasManyEvents: Bool)
  }

  /// What the decision depends on, beside the due times.
  struct Situation {
    /// The present time on the boot clock, as all times here.
    var now: BootTime
    var pending = PendingSample.none
    /// Whether event recording needs a sample to start from or to resync.
    var isSampleNeeded = false
    /// The number of queued events.
    var queuedEvents = 0
    /// When the next step of retention may be taken; `.max` while none is pending.
    var retentionDue: BootTime = .max
    /// Whether that step fits before the next sample.
    var retentionFits = false
  }

  /// - Parameter pulse: the longest time between two signs of life, in nanoseconds; nil if none are given.
  init(_ schedule: Schedule, pulse: Int64?) {
    self.schedule = schedule
    self.pulse = pulse
    pulseDue = pulse == nil ? .max : .min
  }

  /// Returns what to do next. While a sample is pending, only its completion counts: no other work may start, so a wakeup
  /// for it would repeat at once without end.
  func next(_ situation: Situation) -> Action {
    let now = situation.now
    switch situation.pending {
    case .ready(let hasManyEvents):
      return hasManyEvents ? .writeEventsBeforeSample : .completeSample
    case .waiting(let until): return .wait(until: min(until, pulseDue))
    case .none: break
    }
    if now >= sampleDue || (situation.isSampleNeeded && now >= notBefore) { return .takeSample }
    if now >= eventsDue || situation.queuedEvents > Self.manyEvents { return .writeEvents }
    if now >= scansDue { return .pollScans }
    let mayRetain = now >= situation.retentionDue
    if mayRetain, situation.retentionFits { return .retain }
    // A step of retention that does not fit before the next sample waits until that sample is written.
    var until = min(sampleDue, eventsDue, scansDue, pulseDue)
    if !mayRetain { until = min(until, situation.retentionDue) }
    if situation.isSampleNeeded { until = min(until, notBefore) }
    return .wait(until: until)
  }

  // MARK: Samples

  /// Returns how long after its due time a sample begins, in nanoseconds.
  func delay(at now: BootTime) -> Int64 { sampleDue == .min ? 0 : max(0, now - sampleDue) }

  /// Notes that a pass has ended: the next sample is due at the next slot.
  mutating func noteSample(at now: BootTime) { sampleDue = schedule.next(after: now) }

  /// Notes that a pass failed: event recording waits for the next slot too.
  mutating func noteFailedSample(at now: BootTime) { notBefore = schedule.next(after: now) }

  /// Notes that a sample could not be used: event recording waits a moment for the next.
  mutating func noteUselessSample(at now: BootTime) { notBefore = now + Self.extraSampleDelay }

  /// Notes that a sample is to be written.
  ///
  /// - Parameter hasUnverified: whether it did not confirm the state of some task. The history may then be wrong until the
  ///   next sample decides, so that one is taken soon. But no two extra samples follow each other.
  mutating func noteUsableSample(hasUnverified: Bool, at now: BootTime) {
    takesExtraSample = hasUnverified && !takesExtraSample
    if takesExtraSample { sampleDue = min(sampleDue, now + Self.extraSampleDelay) }
  }

  /// Has a sample taken at once.
  mutating func requestSample(at now: BootTime) { sampleDue = min(sampleDue, now) }

  // MARK: Events, scans and signs of life

  /// Notes that events may be queued since a time, and are to be written in a while.
  mutating func noteEvents(at now: BootTime) { requestEvents(by: now + Self.eventWriteDelay) }

  /// Has the events written at a time at the latest.
  mutating func requestEvents(by time: BootTime) { eventsDue = min(eventsDue, time) }

  /// Notes that the events that were queued are being written.
  mutating func noteEventsWritten() { eventsDue = .max }

  /// Has the background scans polled at a time; nil for no time.
  mutating func setScans(due: BootTime?) { scansDue = due ?? .max }

  /// Returns whether a sign of life is due, and schedules the next one if it is.
  mutating func takePulse(at now: BootTime) -> Bool {
    guard let pulse, now >= pulseDue else { return false }
    pulseDue = now + pulse / 2
    return true
  }
}
