internal import NamespaceModel

/// A tracked task: a process, or a thread that is recorded by itself.
final class FollowedTask {
  /// The token that identifies the task in the history.
  let token: ProcessToken
  let pid: Int32
  var set: FollowedSet
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
  /// The clock tick in which the process exited that had its PID before, if an event reported that shortly before.
  var predecessorExitTick: UInt64?

  init(
    token: ProcessToken, set: FollowedSet, facts: ProcessFacts, description: ProcessDescription
  ) {
    self.token = token
    self.pid = facts.pid
    self.set = set
    self.facts = facts
    self.description = description
  }

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
    if let exit = predecessorExitTick, sampled < exit, sampled &+ 1 < start { return .predecessor }
    return .same
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
  var set: FollowedSet
  /// The start time, if an event or a sample reported it; see `ThreadFacts`.
  var startTicks: UInt64?
  /// The thread as a task of its own, from the first time its namespaces differ from its process's.
  var task: FollowedTask?
}
