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
    translator.describe(task, as: description, isExec: isExec, at: time)
    if isExec { task.hasExecuted = true }
  }

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
    for task in translator.takeUnreportedNames().compactMap({ tasks.processes[$0] })
    where task.reported != nil {
      verified.sample.described.append(.init(token: task.token, description: task.description))
    }
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
