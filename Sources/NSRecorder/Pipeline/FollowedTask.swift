internal import NamespaceModel
internal import Procfs

/// A tracked task: a process, or a thread that is recorded by itself.
final class FollowedTask {
  /// The token that identifies the task in the history.
  let token: ProcessToken
  let pid: Int32
  /// The set of the task. While the task is in the table of tasks, it is counted as a member of the set.
  private(set) var set: FollowedSet
  /// The set last reported to the history; nil while the history does not have the task.
  var reported: FollowedSet?
  /// The count of its changes of links; nil while none has changed.
  var rate: ChangeRate?
  /// Its facts, as far as they are known.
  var facts: ProcessFacts
  var description: ProcessDescription
  /// The time, on the boot clock, after which the user, the cgroup or the parent changed, if a sample read the
  /// new value but could not report it because an event of the process occurred meanwhile. It is the
  /// beginning of the last sample that read the reported values.
  var changedSince: BootTime?
  /// The time of its last event, on the boot clock.
  var lastEvent: BootTime = .min
  /// The number of the batch that reported its start, and the index of that event in the batch; nil if no event
  /// reported the start.
  var start: (batch: Int, index: Int)?
  /// Whether an event reported that it executed a program.
  var hasExecuted = false
  /// The number of the last batch with a change of its name, and how many changes of name that batch has.
  var renames: (batch: Int, count: Int)?
  /// The time namespace that it enters at its next exec, if the probe could not show in which one it is until then.
  var timeAfterExec: FollowedLink?
  /// The TIDs of the threads that are about to exit too, while its main thread has exited and that is not
  /// reported yet. If all of them exit, the process exits with the last of them, and is not reported as a
  /// zombie.
  var exiting: Set<Int32> = []
  /// Whether a sample discovered it, so that no event reported the threads that it had by then.
  var isOlder: Bool { start == nil }
  /// Its token in the samples; nil while no sample has observed it.
  var source: ProcessToken?
  /// The exit of the process that had its PID before, if an event reported that shortly before.
  var predecessorExit: ExitTick?

  /// Creates a task that is not counted as a member of its set yet.
  init(
    token: ProcessToken, set: FollowedSet, facts: ProcessFacts, description: ProcessDescription
  ) {
    self.token = token
    self.pid = facts.pid
    self.set = set
    self.facts = facts
    self.description = description
  }

  // MARK: The set

  /// Gives the task a set and counts it as a member, which it was of none.
  func enter(_ set: FollowedSet) {
    set.enter()
    self.set = set
  }

  /// Moves the task from its set, as a member of which it is counted, to another.
  func move(to set: FollowedSet) {
    set.enter()
    self.set.leave()
    self.set = set
  }

  /// Ends the membership of the task in its set.
  func leaveSet() { set.leave() }

  // MARK: Comparison with samples

  /// What a sampled process with the PID of a task is to the task.
  enum Relation { case same, predecessor, successor }

  /// Decides by the start times whether a sampled process with the PID of this task is the task, whose start an event
  /// reported, or a process that had the PID before or has it after.
  ///
  /// The kernel sets the start time before it reports the start, so that the time of the event is the later of the two
  /// by the time for which the maker had to wait for a processor; each is rounded to a clock tick.
  func relation(to appearance: ProcessSample.Appearance) -> Relation {
    guard let start = facts.startTicks, let sampled = appearance.facts.startTicks else {
      return .same
    }
    if sampled > start &+ 1 { return .successor }
    if let predecessorExit, predecessorExit.isEnd(ofStart: sampled), sampled &+ 1 < start {
      return .predecessor
    }
    return .same
  }

  /// Whether the task is certainly the same process as a sampled one.
  ///
  /// - Parameter token: the token of the sampled process.
  func isSame(_ process: SampledProcesses.Process, _ token: ProcessToken?) -> Bool {
    source.map { $0 == token } ?? facts.isSame(process.facts)
  }

  /// Applies what a sample observed. The sample knows more about the task, but not which task created
  /// it.
  func bind(to appearance: ProcessSample.Appearance) {
    source = appearance.token
    let parent = facts.parentPID
    facts = appearance.facts
    facts.parentPID = parent
    var read = appearance.description
    // The parent in the facts of an appearance is that at the time of the sample.
    if read.parentPID == nil, appearance.facts.parentPID != parent {
      read.parentPID = appearance.facts.parentPID
    }
    description.update(read)
  }
}

/// A thread other than the main one of its process.
struct FollowedThread {
  let pid: Int32
  /// The set of the thread. While the thread is in the table of tasks, it is counted as a member of the set; its task
  /// is counted too.
  private(set) var set: FollowedSet
  /// The start time, if an event or a sample reported it; see `ThreadFacts`.
  var startTicks: UInt64?
  /// The name of the thread, which a process that the thread makes has at first; nil if no event has reported it.
  var comm: [UInt8]?
  /// The thread as a task of its own, from the first time its namespaces differ from its process's.
  var task: FollowedTask?

  init(pid: Int32, set: FollowedSet, startTicks: UInt64? = nil, task: FollowedTask? = nil) {
    self.pid = pid
    self.set = set
    self.startTicks = startTicks
    self.task = task
  }

  /// Whether the thread certainly has the start time in these facts.
  ///
  /// The start time from an event can differ by one clock tick from the sampled one. If the thread has
  /// existed for longer than that, a later thread with its TID has a later start time.
  func hasSameStart(_ facts: ThreadFacts, at now: BootTime) -> Bool {
    guard let one = startTicks, let two = facts.startTicks else { return false }
    return isSameStart(one, two) && now.ticks > one &+ 2
  }

  /// Moves the thread, but not its task, to another set.
  mutating func move(to set: FollowedSet) {
    set.enter()
    self.set.leave()
    self.set = set
  }
}

/// The clock tick in which a process exited, by which its successor with the same PID is distinguished from it.
struct ExitTick {
  private let tick: UInt64

  /// The tick of an exit that an event reported at this time.
  init(_ time: BootTime) { tick = time.ticks }

  /// Whether the process that exited is the one with its PID that started in a tick: a process that got the PID later
  /// started in the tick of the exit or after it.
  func isEnd(ofStart start: UInt64) -> Bool { start < tick }
}

/// Whether two start times, in clock ticks, may be those of one task. The start time from an event may differ from the
/// sampled one by one clock tick.
func isSameStart(_ one: UInt64, _ other: UInt64) -> Bool {
  one == other || one == other &+ 1 || other == one &+ 1
}

extension ProcessFacts {
  /// Whether two facts describe one process.
  func isSame(_ other: ProcessFacts) -> Bool {
    guard let one = startTicks, let two = other.startTicks else { return false }
    return pid == other.pid && isSameStart(one, two)
  }
}

extension BootTime {
  /// The time in clock ticks, as in `/proc/PID/stat`. For the time of a fork event this is the start time: the kernel
  /// sets the start time just before the event.
  var ticks: UInt64 {
    UInt64(Swift.max(0, nanoseconds) / (1_000_000_000 / Int64(ClockTick.perSecond)))
  }
}
