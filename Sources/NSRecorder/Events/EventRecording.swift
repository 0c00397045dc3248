internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The part of a recorder that listens: collects what the kernel reports, and hands it over in the order
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
  private var told = ReportedState()
  /// Batches that are complete, because the wall clock was set behind them.
  private var batches: [EventBatch] = []
  /// Up to when events were taken in.
  private var horizon: Int64 = .min

  /// How long an event may be on its way into its ring.
  static let slack: Int64 = 20_000_000
  /// How old events may be that a sample begins with, in nanoseconds.
  private static let useful: Int64 = 1_000_000_000
  /// So many events may wait.
  private static let most = 1 << 18
  /// How many are taken in before the rings are looked at again.
  private static let stride = 1024
  /// How much later what was done may be reported.
  private static let delay: Int64 = 5_000_000

  init(
    _ listener: any EventFeed, _ probe: any TaskReading, readsTime: Bool,
    mounted: @escaping (NamespaceType, UInt64) -> UInt64? = { _, _ in nil },
    now: @escaping () -> ClockReading = ClockReading.now
  ) {
    self.listener = listener
    self.now = now
    queue = EventQueue(probe, readsTime: readsTime, mounted: mounted, now: now)
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

  /// Takes over what the kernel has reported.
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
      buffer, known: follower.inodes, mayExecAfterLeaderExit: follower.mayExecAfterLeaderExit,
      mayHaveUnreportedThreads: follower.mayHaveUnreportedThreads, folded: follower.folded)
    follower.sets.sights += queue.takeSights()
    // Who is told more than can be taken in begins anew before memory is short.
    if beginning == nil, losses.isEmpty, queue.count > Self.most, let first = queue.first {
      losses.append(
        LostEvents(
          after: first - 1, by: now().boot, records: Int64(queue.count), cause: .late))
    }
  }

  /// Whether more than so many events that are certain are waiting up to a time.
  func hasMore(than count: Int, before time: Int64) -> Bool {
    queue.hasMore(than: count, until: min(time, now().boot - Self.slack))
  }

  /// Hands over the events that are certain; none while a sample has to tell where all begins.
  ///
  /// - Parameters:
  ///   - end: what happened later waits, on the boot clock.
  ///   - most: how many events are taken in at most.
  func turn(until end: Int64 = .max, most: Int = .max) throws(EventsError) -> [EventBatch] {
    let now = self.now()
    try refresh()
    guard beginning == nil else {
      // What is older than any sample that it can begin with is of no use.
      queue.drop(until: now.boot - Self.useful)
      return []
    }
    let lost = losses.map(\.after).min()
    take(
      until: min(end, lost ?? .max), horizon: now.boot - Self.slack, lost: lost ?? .max,
      // What is certain before a loss is not to be lost with it.
      most: lost == nil ? most : .max)
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

  /// From here on nothing is certain until a sample has shown where all is: what waits still, or may
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

  private func take(
    until end: Int64, horizon: Int64, lost: Int64 = .max, most: Int = .max
  ) {
    // Before the first is taken in: what comes meanwhile and is older would be out of order.
    self.horizon = max(self.horizon, min(end, horizon))
    var count = 0
    while follower.contradiction == nil, count < most,
      let item = queue.next(until: end, horizon: horizon, lost: lost)
    {
      // The wall clock was set between two looks.
      if let epoch = follower.batch?.epoch, abs(item.epoch - epoch) >= ClockStep.least {
        batches += follower.turn(epoch: item.epoch).map { [$0] } ?? []
      }
      if item.isFolded, item.leftOut > 0, follower.folded(item.event.tid).isEmpty {
        // Of whom changes were left out is not certain any more.
        follower.contradiction = item.event.time
        break
      }
      if item.isFolded, item.leftOut > 0 {
        follower.folding.count += item.leftOut
        follower.sets.leftOut = item.event.time
      }
      follower.take(item.event, item.look, ahead: queue.ahead)
      count += 1
      guard count % Self.stride == 0 else { continue }
      follower.sets.trim()
      take()
    }
    queue.compact()
  }

  /// What events reported since the last time.
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
    /// What events reported before it.
    var batches: [EventBatch] = []
    /// Nil where events were lost meanwhile: then another sample is needed.
    var sample: ProcessSample?
    var isExact = false
    var disagreements = 0
    var losses: [LostEvents] = []
    /// The changes of namespaces that were left out since the sample before.
    var folded = FoldedChanges()
  }

  /// How many changes were left out, and of whom: see `ChangeRate`.
  struct FoldedChanges {
    var count = 0
    /// How many tasks it was, and the PID and name of one of them.
    var tasks = 0
    var pid: Int32?
    var comm: [UInt8]?
  }

  private func takeFolded() -> FoldedChanges {
    let folding = follower.folding
    follower.folding.count = 0
    return FoldedChanges(
      count: folding.count, tasks: folding.taskCount, pid: folding.first?.pid,
      comm: folding.first?.description.comm)
  }

  /// Compares a sample with the events; or begins with it.
  func complete(_ sample: ProcessSample) throws(EventsError) -> Outcome {
    let now = self.now()
    try refresh()
    let horizon = now.boot - Self.slack
    if beginning == nil, losses.isEmpty {
      take(until: sample.start.boot, horizon: horizon)
      let end = sample.end.boot + Self.delay
      if follower.contradiction == nil, losses.allSatisfy({ $0.after > end }) {
        return verify(sample, now)
      }
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
    // Where changes are left out it is not known which of them were before the sample.
    let touched = queue.touched(
      after: sample.start.boot, until: sample.end.boot + Self.delay
    ).union(queue.folded)
    let folded = takeFolded()
    let verified = follower.verify(sample, touched: touched)
    return Outcome(
      batches: batches, sample: verified.sample, isExact: true,
      disagreements: verified.disagreements, folded: folded)
  }

  private func begin(
    _ sample: ProcessSample, _ now: ClockReading, _ horizon: Int64
  ) throws(EventsError) -> Outcome {
    // What was certain before the loss is reported as such.
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
    let folded = takeFolded()
    follower.sets.initial = sample.initialInodes
    follower.begin(sample, folded: queue.folded)
    take(until: sample.end.boot, horizon: horizon)
    follower.contradiction = nil
    if follower.needsOtherSample {
      beginning = lost
      losses.removeAll()
      return Outcome(batches: batches)
    }
    let news = follower.finishBeginning(sample, told: &told)
    follower.batch = EventBatch(epoch: now.wall - now.boot)
    beginning = nil
    losses.removeAll()
    return Outcome(batches: batches, sample: news, losses: lost, folded: folded)
  }
}
