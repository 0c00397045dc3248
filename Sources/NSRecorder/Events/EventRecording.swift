internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The part of a recorder that listens: collects what the kernel tells, and hands it over in the order
/// of time, once it is certain that nothing in between is missing.
final class EventRecording {
  private let listener: any EventFeed
  private let now: () -> ClockReading
  private let follower = EventFollower()
  private var queue: EventQueue
  private var buffer: [KernelEvent] = []
  private var pace = EventPace()
  /// What was lost since all began.
  private var losses: [LostEvents] = []
  /// Losses that the sample with which all begins anew makes good; nil while events are followed.
  private var beginning: [LostEvents]? = []
  /// Where the history has tasks, while a sample has to tell where they are.
  private var told = ToldTasks()
  /// Batches that are complete, because the wall clock was set behind them.
  private var batches: [EventBatch] = []
  /// Up to when events were taken in.
  private var horizon: Int64 = .min

  /// How long an event may be on its way into its ring.
  static let slack: Int64 = 20_000_000
  /// How old events may be that a sample begins with, in nanoseconds.
  private static let useful: Int64 = 1_000_000_000
  /// How much later what was done may be told.
  private static let delay: Int64 = 5_000_000

  init(
    _ listener: any EventFeed, _ probe: any TaskReading, readsTime: Bool,
    now: @escaping () -> ClockReading = ClockReading.now
  ) {
    self.listener = listener
    self.now = now
    queue = EventQueue(probe, readsTime: readsTime, now: now)
  }

  /// What becomes readable when there is something to collect, or, while it is `isBusy`, much.
  var descriptors: [Int32] { listener.descriptors }

  /// Whether so much happens that it is looked at by the clock.
  var isBusy: Bool { listener.isQuiet }

  /// Whether a sample is needed at once.
  var needsSample: Bool { beginning != nil || !losses.isEmpty }

  /// Whether the last sample did not confirm something that the next is to decide.
  var hasSuspects: Bool { !follower.suspects.isEmpty || !follower.suspectThreads.isEmpty }

  /// How many events wait to be handed over.
  var count: Int { queue.count }

  /// Takes over what the kernel has told.
  func collect() {
    let wasBusy = isBusy
    take()
    listener.isQuiet = pace.isBusy(after: buffer.count, at: now().boot)
    // What came before the kernel was to wake again wakes nobody.
    if wasBusy, !isBusy { take() }
  }

  private func take() {
    buffer.removeAll(keepingCapacity: true)
    losses += listener.drain(into: &buffer).map(LostEvents.init)
    if let first = buffer.lazy.map(\.time).min(), first < horizon {
      losses.append(LostEvents(after: first - 1, by: horizon, records: nil, cause: .late))
    }
    queue.add(
      buffer, known: follower.inodes, mayGoOn: follower.mayGoOn,
      mayHaveUntold: follower.mayHaveUntold)
  }

  /// Hands over the events that are certain; none while a sample has to tell where all begins.
  func turn() throws(EventsError) -> [EventBatch] {
    let now = self.now()
    try refresh()
    guard beginning == nil else {
      // What is older than any sample that it can begin with is of no use.
      queue.drop(until: now.boot - Self.useful)
      return []
    }
    let lost = losses.map(\.after).min()
    take(until: lost ?? .max, horizon: now.boot - Self.slack, lost: lost ?? .max)
    if let contradiction = follower.contradiction {
      follower.contradiction = nil
      losses.append(
        LostEvents(after: contradiction, by: now.boot, records: nil, cause: .late))
    }
    let batches = handOver()
    if !losses.isEmpty { lose(horizon: now.boot - Self.slack) }
    return batches
  }

  private func refresh() throws(EventsError) {
    if let loss = try listener.refreshProcessors() { losses.append(LostEvents(loss)) }
    collect()
  }

  /// From here on nothing is certain until a sample has told where all is: what waits still, or may
  /// be on its way, is lost too.
  private func lose(horizon: Int64) {
    let end = min(horizon, queue.first.map { $0 - 1 } ?? .max)
    for index in losses.indices { losses[index].after = min(losses[index].after, end) }
    told = follower.toldTasks()
    follower.batch = nil
    beginning = losses
    queue.drop(until: losses.map(\.by).max() ?? .min)
    losses.removeAll()
  }

  private func take(until end: Int64, horizon: Int64, lost: Int64 = .max) {
    while follower.contradiction == nil,
      let item = queue.next(until: end, horizon: horizon, lost: lost)
    {
      // The wall clock was set between two looks.
      if let epoch = follower.batch?.epoch, abs(item.epoch - epoch) >= ClockStep.least {
        batches += follower.turn(epoch: item.epoch).map { [$0] } ?? []
      }
      follower.take(item.event, item.look, ahead: queue.ahead)
    }
    queue.compact()
    self.horizon = max(self.horizon, min(end, horizon))
  }

  /// What events told since the last time.
  private func handOver() -> [EventBatch] {
    let now = self.now()
    let all = batches + (follower.turn(epoch: now.wall - now.boot).map { [$0] } ?? [])
    batches.removeAll()
    return all.filter { !$0.isEmpty }
  }

  /// When all that happened up to the end of a sample will have come, and may be taken in.
  func settles(_ sample: ProcessSample) -> Int64 { settles(at: sample.end.boot + Self.delay) }

  /// When all that happened up to a moment will have come, and may be taken in: as long as something
  /// of it is on its way, later ever again.
  func settles(at time: Int64) -> Int64 {
    // Tasks are looked at when their events come, and what a look is worth shows only after it.
    collect()
    return queue.lastLook(until: time) + Self.slack + 1_000_000
  }

  /// What a sample and the events before it tell.
  struct Outcome {
    /// What events told before it.
    var batches: [EventBatch] = []
    /// Nil where events were lost meanwhile: then another sample is needed.
    var sample: ProcessSample?
    var isExact = false
    var disagreements = 0
    var losses: [LostEvents] = []
  }

  /// Compares a sample with the events; or begins with it.
  func complete(_ sample: ProcessSample) throws(EventsError) -> Outcome {
    let now = self.now()
    try refresh()
    let horizon = now.boot - Self.slack
    if beginning == nil, losses.isEmpty {
      take(until: sample.start.boot, horizon: horizon)
      if follower.contradiction == nil { return verify(sample, now) }
    }
    return try begin(sample, now, horizon)
  }

  /// What a scan for pins found, with the names that namespaces have where they are recorded; nil while
  /// events of its time may be on their way.
  func complete(_ scan: PinScan) -> PinScan? {
    guard beginning == nil, losses.isEmpty else { return scan }
    guard horizon > scan.end.boot + Self.delay else { return nil }
    return follower.sets.recorded(scan)
  }

  private func verify(_ sample: ProcessSample, _ now: ClockReading) -> Outcome {
    let batches = handOver()
    let touched = queue.touched(
      after: sample.start.boot, until: sample.end.boot + Self.delay)
    let verified = follower.verify(sample, touched: touched)
    return Outcome(
      batches: batches, sample: verified.sample, isExact: true,
      disagreements: verified.disagreements)
  }

  private func begin(
    _ sample: ProcessSample, _ now: ClockReading, _ horizon: Int64
  ) throws(EventsError) -> Outcome {
    // What was certain before the loss is told as such.
    let batches = try beginning == nil ? turn() : []
    // Losses that came up since the sample was taken leave it worth nothing.
    let lost = losses + (beginning ?? [])
    // And without the threads that there are it is not known where all begins.
    if !sample.hasThreads || lost.contains(where: { $0.by > sample.start.boot }) {
      beginning = lost
      losses.removeAll()
      follower.keep(sample)
      return Outcome(batches: batches)
    }
    queue.drop(until: sample.start.boot)
    follower.sets.initial = sample.initialInodes
    follower.begin(sample)
    take(until: sample.end.boot, horizon: horizon)
    follower.contradiction = nil
    let news = follower.finishBeginning(sample, told: &told)
    follower.batch = EventBatch(epoch: now.wall - now.boot)
    beginning = nil
    losses.removeAll()
    return Outcome(batches: batches, sample: news, losses: lost)
  }
}
