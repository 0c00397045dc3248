// A sample beside what events told.

internal import NamespaceModel

extension EventFollower {
  /// Compares a sample with what events told up to its beginning.
  ///
  /// - Parameter touched: the processes to which something happened while it was taken, or so shortly
  ///   after that it may have shown already.
  func verify(_ sample: ProcessSample, touched: Set<Int32>) -> Verified {
    var news = ProcessSample(start: sample.start)
    news.end = sample.end
    news.counts = sample.counts
    var verified = Verified(sample: news)
    var suspects: Set<Int32> = []
    let gone = sources.add(sample)
    sets.now = max(sets.now, sample.end.boot)
    for appearance in sample.appeared where appearance.thread == nil {
      meet(appearance, touched, &suspects, &verified)
    }
    for change in sample.changed {
      guard let process = sources[change.token] else { continue }
      unconfirmed.insert(process.pid)
      // It was told to have exited, and goes on: an exec that no event told, or not of whom.
      if processes[process.pid] == nil, !process.links.isZombie, early[process.pid] == nil {
        early[process.pid] = process.appearance(change.token)
      }
    }
    for (token, process) in gone {
      guard let task = processes[process.pid], task.source == token else { continue }
      lose(task, touched, &suspects, &verified)
    }
    for news in sample.described { describe(news, &verified) }
    let due = unconfirmed
    unconfirmed = touched
    for pid in due where !touched.contains(pid) {
      guard let task = processes[pid] else { continue }
      if let token = task.source, let process = sources[token] {
        sets.learn(process.links.links, in: task.set)
        compare(task, sets.set(process.links.links), of: pid, &suspects, &verified)
      } else if task.source == nil, let (token, process) = sources.same(as: task.facts) {
        // While it was met its main thread had exited.
        identify(task, as: process.appearance(token), &verified)
        sets.learn(process.links.links, in: task.set)
        compare(task, sets.set(process.links.links), of: pid, &suspects, &verified)
      } else {
        lose(task, touched, &suspects, &verified)
      }
    }
    // After these: one of them may have had the number of a process that no event told of.
    for (pid, appearance) in early where self.suspects.contains(pid) && !touched.contains(pid) {
      guard let process = sources[appearance.token] else {
        early[pid] = nil
        continue
      }
      guard processes[pid] == nil else { continue }
      early[pid] = nil
      admit(appearance, process, &verified)
    }
    self.suspects = suspects.union(early.keys)
    if sample.hasThreads { verifyThreads(touched, &verified) }
    verified.sample.renamed = sets.takeRenamed()
    verified.sample.related = relations.recorded(sample.related, sets)
    return verified
  }

  /// A process that a sample meets for the first time.
  private func meet(
    _ appearance: ProcessSample.Appearance, _ touched: Set<Int32>, _ suspects: inout Set<Int32>,
    _ verified: inout Verified
  ) {
    let pid = appearance.facts.pid
    if let task = processes[pid], task.source == nil {
      unconfirmed.insert(pid)
      identify(task, as: appearance, &verified)
    } else if sources[appearance.token]?.links.isZombie != true {
      // The kernel has not told of it yet; of a zombie it has told the exit.
      early[pid] = appearance
      suspects.insert(pid)
    }
  }

  private func identify(
    _ task: FollowedTask, as appearance: ProcessSample.Appearance, _ verified: inout Verified
  ) {
    task.bind(to: appearance)
    verified.sample.identified.append(.init(token: task.token, facts: task.facts))
    verified.sample.described.append(.init(token: task.token, description: task.description))
  }

  private func wasSuspect(_ pid: Int32) -> Bool { suspects.contains(pid) }

  /// A process of which no event told.
  private func admit(
    _ appearance: ProcessSample.Appearance, _ process: SampledProcesses.Process,
    _ verified: inout Verified
  ) {
    guard !process.links.isZombie else { return }
    let task = FollowedTask(
      token: makeToken(), set: sets.set(process.links.links), facts: process.facts,
      description: process.description)
    task.source = appearance.token
    task.told = task.set
    processes[process.pid] = task
    sets.enter(task.set)
    verified.sample.appeared.append(
      .init(
        token: task.token, facts: task.facts, description: task.description,
        links: task.set.observed.links))
    verified.disagreements += 1
  }

  private func describe(
    _ news: ProcessSample.Redescription, _ verified: inout Verified
  ) {
    let sampled = sources[news.token] ?? sources.threads[news.token]
    guard let sampled,
      let task = sampled.thread.map({ threads[$0.tid]?.task }) ?? processes[sampled.pid],
      task.source == news.token
    else { return }
    task.description.update(news.description)
    verified.sample.described.append(.init(token: task.token, description: task.description))
  }

  /// A process that a sample does not see.
  private func lose(
    _ task: FollowedTask, _ touched: Set<Int32>, _ suspects: inout Set<Int32>,
    _ verified: inout Verified
  ) {
    guard !touched.contains(task.pid) else { return }
    // No event tells when a zombie is reaped.
    let isZombie = task.set.isZombie
    guard isZombie || wasSuspect(task.pid) else {
      suspects.insert(task.pid)
      unconfirmed.insert(task.pid)
      return
    }
    processes[task.pid] = nil
    sets.leave(task.set)
    verified.sample.disappeared.append(task.token)
    guard !isZombie else { return }
    verified.sample.contradicted.insert(task.token)
    verified.disagreements += 1
  }

  private func compare(
    _ task: FollowedTask, _ read: FollowedSet, of pid: Int32, _ suspects: inout Set<Int32>,
    _ verified: inout Verified
  ) {
    guard compare(task, read, wasSuspect: wasSuspect(pid), &verified) else { return }
    suspects.insert(pid)
    unconfirmed.insert(pid)
  }

  /// Compares a process or thread with what a sample read of it. Whether the next one has to decide.
  func compare(
    _ task: FollowedTask, _ read: FollowedSet, wasSuspect: Bool, _ verified: inout Verified
  ) -> Bool {
    guard read !== task.set, !read.isZombie else { return false }
    let differs = read.isElsewhere(than: task.set)
    if differs, !wasSuspect { return true }
    // What an event told stands where the sample was denied it.
    let links = zip(read.links, task.set.links).map { read, told -> FollowedLink in
      if case .unread(.denied) = read { return told }
      // What was told without an id keeps its name.
      let isSame = told.namespace != nil && read.inode == told.inode
      return isSame && !read.isSurelyOther(than: told) ? told : read
    }
    let set = sets.set(links)
    guard set !== task.set else { return false }
    sets.enter(set)
    sets.leave(task.set)
    task.set = set
    task.told = set
    verified.sample.changed.append(.init(token: task.token, links: set.observed.links))
    guard differs else { return false }
    verified.sample.contradicted.insert(task.token)
    verified.disagreements += 1
    return false
  }
}
