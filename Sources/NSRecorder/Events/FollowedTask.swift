internal import NamespaceModel

/// A process being followed, or a thread whose namespaces are not its process's.
final class FollowedTask {
  /// Its name in the history.
  let token: ProcessToken
  let pid: Int32
  var set: FollowedSet
  /// The set that the history has it in; nil while that does not know of it.
  var told: FollowedSet?
  /// How often its links change; nil while none has.
  var rate: ChangeRate?
  /// Its facts, as far as they are known.
  var facts: ProcessFacts
  var description: ProcessDescription
  /// Where a sample read another user, cgroup or parent, and that is not reported because something happened to the
  /// process meanwhile: when the last sample began that read what is reported. Then it changed since that, on the boot
  /// clock.
  var changedSince: Int64?
  /// When its last event was, on the boot clock: what it did by then was over.
  var lastEvent: Int64 = .min
  /// In which batch, and where in that, its start was reported; nil where no event reported it.
  var start: (turn: Int, place: Int)?
  /// Whether it was reported to have run a program.
  var hasExecuted = false
  /// How many new names of it were reported, and in which batch.
  var renames: (turn: Int, count: Int)?
  /// Which time namespace it is in from its next exec on, where that is known and nothing else is.
  var timeAfterExec: FollowedLink?
  /// While its main thread has exited and that is not reported yet: the threads that are about to exit
  /// too. If all threads exit, the process exits with the last of them.
  var exiting: Set<Int32> = []
  /// Whether a sample showed it first: no event reported the threads that it had by then.
  var isOlder: Bool { start == nil }
  /// Its name by the samples; nil while none has met it.
  var source: ProcessToken?

  init(
    token: ProcessToken, set: FollowedSet, facts: ProcessFacts, description: ProcessDescription
  ) {
    self.token = token
    self.pid = facts.pid
    self.set = set
    self.facts = facts
    self.description = description
  }

  /// A sample has observed it: that knows more of it, but not who made it.
  func bind(to appearance: ProcessSample.Appearance) {
    source = appearance.token
    let parent = facts.parentPID
    facts = appearance.facts
    facts.parentPID = parent
    description.update(appearance.description)
  }
}

/// A thread other than the main one of its process.
struct FollowedThread {
  let pid: Int32
  var set: FollowedSet
  /// When it started, where an event or a sample told that; see `ThreadFacts`.
  var startTicks: UInt64?
  /// It as a task of its own, from the first time that its namespaces are not its process's.
  var task: FollowedTask?
}
