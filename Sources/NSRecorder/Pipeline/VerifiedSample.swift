internal import NamespaceModel

/// A sample whose tokens and namespaces are translated to those of the history. Its disagreements are the
/// tasks that it shows in a state that no event had reported.
struct VerifiedSample {
  var sample: ProcessSample
  /// The tasks whose changes are not omitted any more, because the sample shows their namespaces.
  var released: [FollowedTask] = []
  /// The number of disagreements.
  var disagreements: Int { sample.disagreementCount }

  /// A sample without any task yet.
  init(_ read: ProcessSample) {
    sample = ProcessSample(start: read.start)
    sample.end = read.end
    sample.counts = read.counts
    sample.hasAllDescriptions = read.hasAllDescriptions
  }

  /// Adds a task that the sample and the events show in different namespaces, or that only one of the two
  /// shows.
  mutating func disagree(
    _ task: FollowedTask, tid: Int32? = nil, reported: FollowedSet?, sampled: FollowedSet?
  ) {
    sample.disagree(
      Disagreement(
        pid: task.pid, tid: tid, comm: task.description.comm, reported: reported?.observed,
        sampled: sampled?.observed))
  }

  /// Compares a task with the set that a sample read, and returns whether the next sample has to decide.
  ///
  /// - Parameter tid: the TID of the task if it is a thread.
  /// - Parameter wasUnverified: whether the previous sample did not confirm the task either. Then the task gets the set
  ///   that the sample read.
  mutating func compare(
    _ task: FollowedTask, tid: Int32? = nil, with read: FollowedSet, wasUnverified: Bool,
    _ sets: FollowedSets, _ translator: EventTranslator
  ) -> Bool {
    guard read !== task.set, !read.isZombie else { return false }
    let differs = read.isElsewhere(than: task.set)
    if differs, !wasUnverified { return true }
    // A link that the sample was not permitted to read stays as events reported it.
    let links = zip(read.links, task.set.links).map { read, known -> FollowedLink in
      if case .unread(.denied) = read { return known }
      // A namespace that was reported without an id stays the same object, so that it retains its recorded
      // name.
      let isSame = known.namespace != nil && read.inode == known.inode
      return isSame && !read.isCertainlyOther(than: known) ? known : read
    }
    let set = sets.set(links)
    guard set !== task.set else { return false }
    let before = task.set
    task.move(to: set)
    let reported = translator.setToReport(task)
    task.reported = reported
    sample.changed.append(.init(token: task.token, links: reported.observed.links))
    guard differs else { return false }
    sample.contradicted.insert(task.token)
    disagree(task, tid: tid, reported: before, sampled: read)
    return false
  }
}
