// Tracks the descriptions of processes (name, user, cgroup, parent, program, login), which are probed right after some
// events and read by samples.

internal import NamespaceModel

extension EventFollower {
  /// Applies a new name of a process, or a probed user and cgroup.
  ///
  /// - Parameter isExec: whether the process executed a program. Its program is unknown then, unless the probe read it.
  ///   Its earlier user, cgroup and login are uncertain: a program that starts others often changes these before the
  ///   exec.
  func describe(
    _ task: FollowedTask, named name: [UInt8]?, _ read: ProcessDescription?,
    isExec: Bool = false, at time: BootTime
  ) {
    defer { if isExec { task.hasExecuted = true } }
    var description = task.description
    description.comm = name ?? description.comm
    if isExec {
      description.program = .unknown
      description.inherited = [.user, .cgroup]
      if description.login != nil { description.inherited.insert(.login) }
      // The program that a sample read before the exec is not this one.
      if let source = task.source { sources.forgetProgram(of: source) }
      if read?.uid == nil || read?.cgroup == nil || read?.program?.commandLine == nil {
        unverifiedDescriptions[task.pid] = ProcessDescription.samplesToReadAll
      }
    }
    if let read { description.update(read) }
    guard description != task.description else { return }
    task.description = description
    guard batch != nil, task.reported != nil else { return }
    guard let start = task.start, start.batch == finishedBatches,
      case .started(var started) = batch?.events[start.index].change
    else { return report(task, at: time) }
    // If a new process executes a program within the batch of its start, the start event gets the new
    // description. The description is a separate event if the process may have executed another program
    // under its earlier name, or changed its namespaces.
    let isSeparateEvent =
      task.renames?.batch == finishedBatches
      || ((description.comm != started.description.comm
        || description.program != started.description.program)
        && ((isExec && task.hasExecuted) || task.reported?.observed !== started.set))
    if !isSeparateEvent { started.description = description }
    started.facts.isKernelThread = task.facts.isKernelThread
    batch?.events[start.index].change = .started(started)
    if isSeparateEvent { report(task, at: time) }
  }

  /// Reports a new description. If a process changes its name too often, as any process can, the later
  /// names are omitted: the next change of name in a later batch, the next sample or the exit reports the
  /// name again.
  private func report(_ task: FollowedTask, at time: BootTime) {
    let count = task.renames?.batch == finishedBatches ? task.renames?.count ?? 0 : 0
    task.renames = (finishedBatches, count + 1)
    let isLong = (batch?.events.count ?? 0) > Self.long
    guard count < (isLong ? Self.leastRenames : Self.mostRenames) else {
      guard unreportedNames.insert(task.pid).inserted else { return }
      // From here on the history has no name: the process no longer has the reported one, and its new one is
      // not recorded.
      var hidden = ProcessDescription(comm: nil, uid: nil, cgroup: nil)
      hidden.hidesNames = true
      batch?.events.append(ProcessEvent(boot: time, .described(task.token, hidden)))
      return
    }
    var description = task.description
    description.mayBeOlder = unreportedNames.remove(task.pid) != nil
    description.changedSince = task.changedSince
    batch?.events.append(ProcessEvent(boot: time, .described(task.token, description)))
  }

  /// Reports the name of a process at its exit, if earlier changes of name were omitted.
  func reportLastName(of task: FollowedTask, at time: BootTime) {
    guard unreportedNames.remove(task.pid) != nil, batch != nil, task.reported != nil else {
      return
    }
    var description = task.description
    description.mayBeOlder = true
    batch?.events.append(ProcessEvent(boot: time, .described(task.token, description)))
  }

  /// The most new names of one process that a batch reports: `mostRenames` in a normal batch, `leastRenames` in
  /// one with more events than `long`.
  private static let mostRenames = 16
  private static let leastRenames = 1
  private static let long = 8192

  /// Applies a description that has changed between two samples.
  func describe(
    _ redescription: ProcessSample.Redescription, _ pidsWithEvents: Set<Int32>,
    _ verified: inout Verified
  ) {
    let sampled = sources[redescription.token] ?? sources.threads[redescription.token]
    guard let sampled,
      let task = sampled.thread.map({ tasks.threads[$0.tid]?.task })
        ?? tasks.processes[sampled.pid],
      task.source == redescription.token
    else { return }
    var since = redescription.since
    if pidsWithEvents.contains(task.pid) {
      task.description = merged(redescription.description, into: task.description, of: task.pid)
      task.changedSince = min(task.changedSince ?? .max, since ?? .min)
    } else {
      task.description.update(redescription.description)
      if let earlier = task.changedSince { since = min(earlier, since ?? .min) }
    }
    verified.sample.described.append(
      .init(token: task.token, description: task.description, since: since))
  }

  /// Merges the description that a sample read with the known one, for a process with events during the
  /// sample: the sample may have read the process before or after an event. Values that were probed at an
  /// event take precedence. Unknown and inherited values are taken from the sample, and a later sample
  /// verifies them. The program is never taken from it: it may be that of an exec whose event is not applied yet.
  func merged(
    _ read: ProcessDescription, into known: ProcessDescription, of pid: Int32
  ) -> ProcessDescription {
    var merged = known
    merged.comm = known.comm ?? read.comm
    merged.parentPID = read.parentPID ?? known.parentPID
    if known.uid == nil || known.inherited.contains(.user), let uid = read.uid {
      merged.uid = uid
      merged.inherited.insert(.user)
    }
    if known.cgroup == nil || known.inherited.contains(.cgroup), let cgroup = read.cgroup {
      merged.cgroup = cgroup
      merged.inherited.insert(.cgroup)
    }
    if known.login == nil || known.inherited.contains(.login), let login = read.login {
      merged.login = login
      merged.inherited.insert(.login)
    }
    unverifiedDescriptions[pid] = ProcessDescription.samplesToReadAll
    return merged
  }

  /// Reports the names that were omitted, and the descriptions that samples have verified. If a process has
  /// no events for as many samples as are needed to read every description once, its last sampled
  /// description is correct.
  func reportVerifiedDescriptions(
    _ sample: ProcessSample, _ pidsWithEvents: Set<Int32>, _ verified: inout Verified
  ) {
    for task in unreportedNames.compactMap({ tasks.processes[$0] }) where task.reported != nil {
      verified.sample.described.append(.init(token: task.token, description: task.description))
    }
    unreportedNames.removeAll()
    for (pid, left) in unverifiedDescriptions {
      guard let task = tasks.processes[pid] else {
        unverifiedDescriptions[pid] = nil
        continue
      }
      guard !pidsWithEvents.contains(pid) else {
        unverifiedDescriptions[pid] = ProcessDescription.samplesToReadAll
        continue
      }
      unverifiedDescriptions[pid] = left - 1
      guard sample.hasAllDescriptions || left == 1 else { continue }
      unverifiedDescriptions[pid] = nil
      let since = task.changedSince
      task.changedSince = nil
      guard let read = task.source.flatMap({ sources[$0]?.description }) else { continue }
      let before = task.description
      task.description.update(read)
      guard task.description != before, task.reported != nil else { continue }
      verified.sample.described.append(
        .init(token: task.token, description: task.description, since: since))
    }
  }
}
