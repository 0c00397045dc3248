// What processes are besides their namespaces: as it is read right after an event, and as samples read it.

internal import NamespaceModel

extension EventFollower {
  /// A process took another name, or its user and cgroup were read.
  ///
  /// - Parameter isExec: whether it runs another program: what was read of the one before may not be so
  ///   any more, as a program that starts others drops to a user and moves to a cgroup first.
  func describe(
    _ task: FollowedTask, named name: [UInt8]?, _ read: ProcessDescription?,
    isExec: Bool = false, at time: Int64
  ) {
    defer { if isExec { task.hasExecuted = true } }
    var description = task.description
    description.comm = name ?? description.comm
    if isExec {
      description.inherited = [.user, .cgroup]
      if read?.uid == nil || read?.cgroup == nil {
        unsettled[task.pid] = ProcessDescription.samplesToReadAll
      }
    }
    if let read { description.update(read) }
    guard description != task.description else { return }
    task.description = description
    guard batch != nil, task.told != nil else { return }
    guard let start = task.start, start.turn == turns,
      case .started(var told) = batch?.events[start.place].change
    else { return report(task, at: time) }
    // A process that starts to run a program is called as that from its start on. Under the name that it
    // had then it may have run another since, or moved.
    let isKept =
      task.renames?.turn == turns
      || (description.comm != told.description.comm
        && ((isExec && task.hasExecuted) || task.told?.observed !== told.set))
    if !isKept { told.description = description }
    told.facts.isKernelThread = task.facts.isKernelThread
    batch?.events[start.place].change = .started(told)
    if isKept { report(task, at: time) }
  }

  /// Reports a new description. Of a process that takes one name after the other the rest is left to the
  /// next batch, the next sample or its exit: anybody can do that many times a second.
  private func report(_ task: FollowedTask, at time: Int64) {
    let count = task.renames?.turn == turns ? task.renames?.count ?? 0 : 0
    task.renames = (turns, count + 1)
    let isLong = (batch?.events.count ?? 0) > Self.long
    guard count < (isLong ? Self.leastRenames : Self.mostRenames) else {
      guard unreportedNames.insert(task.pid).inserted else { return }
      // From here on it has a name that is not known, and not the one before.
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

  /// Reports the name that a process has when it exits, where those before it were left out.
  func reportLastName(of task: FollowedTask, at time: Int64) {
    guard unreportedNames.remove(task.pid) != nil, batch != nil, task.told != nil else { return }
    var description = task.description
    description.mayBeOlder = true
    batch?.events.append(ProcessEvent(boot: time, .described(task.token, description)))
  }

  /// So many new names of one process are reported with their times in one batch, and in one with more
  /// events than `long`.
  private static let mostRenames = 16
  private static let leastRenames = 1
  private static let long = 8192

  /// A sample found a process described otherwise than when it was read before.
  func describe(
    _ news: ProcessSample.Redescription, _ touched: Set<Int32>, _ verified: inout Verified
  ) {
    let sampled = sources[news.token] ?? sources.threads[news.token]
    guard let sampled,
      let task = sampled.thread.map({ threads[$0.tid]?.task }) ?? processes[sampled.pid],
      task.source == news.token
    else { return }
    var since = news.since
    if touched.contains(task.pid) {
      task.description = merged(news.description, into: task.description, of: task.pid)
      task.changedSince = min(task.changedSince ?? .max, since ?? .min)
    } else {
      task.description.update(news.description)
      if let earlier = task.changedSince { since = min(earlier, since ?? .min) }
    }
    verified.sample.described.append(
      .init(token: task.token, description: task.description, since: since))
  }

  /// What a sample read of a process to which something happened meanwhile: it may have been read before
  /// that or after. What was read at an event stays; of the rest the sample knows more than nobody, and
  /// one that follows tells for certain.
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
    unsettled[pid] = ProcessDescription.samplesToReadAll
    return merged
  }

  /// Reports what is certain by now: of processes to which nothing happened for as long as it takes
  /// samples to read each description once, theirs is the one that was read last.
  func settleDescriptions(
    _ sample: ProcessSample, _ touched: Set<Int32>, _ verified: inout Verified
  ) {
    for task in unreportedNames.compactMap({ processes[$0] }) where task.told != nil {
      verified.sample.described.append(.init(token: task.token, description: task.description))
    }
    unreportedNames.removeAll()
    for (pid, left) in unsettled {
      guard let task = processes[pid] else {
        unsettled[pid] = nil
        continue
      }
      guard !touched.contains(pid) else {
        unsettled[pid] = ProcessDescription.samplesToReadAll
        continue
      }
      unsettled[pid] = left - 1
      guard sample.hasAllDescriptions || left == 1 else { continue }
      unsettled[pid] = nil
      let since = task.changedSince
      task.changedSince = nil
      guard let read = task.source.flatMap({ sources[$0]?.description }) else { continue }
      let before = task.description
      task.description.update(read)
      guard task.description != before, task.told != nil else { continue }
      verified.sample.described.append(
        .init(token: task.token, description: task.description, since: since))
    }
  }
}
