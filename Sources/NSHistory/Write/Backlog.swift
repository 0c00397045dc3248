internal import NamespaceModel

/// The changes reported by samples that are not in the file yet: usually those of one sample, more
/// while writes fail.
struct Backlog {
  private var appeared = Appearances()
  private(set) var changed: [ProcessToken: [LinkState]] = [:]
  private(set) var described: [ProcessToken: ProcessSample.Redescription] = [:]
  private(set) var disappeared: Set<ProcessToken> = []
  private(set) var identified: [ProcessToken: ProcessFacts] = [:]
  private(set) var contradicted: Set<ProcessToken> = []
  private(set) var renamed: [ProcessSample.Renaming] = []
  private(set) var related: [NamespaceRelations] = []

  /// The limit above which no more renamings and relations are buffered: while writes fail, short-lived
  /// namespaces would otherwise fill the memory.
  private static let mostRelated = 65536

  /// Adds the changes of the next sample. A process that appeared and disappeared while nothing could
  /// be written leaves no trace.
  mutating func add(_ sample: ProcessSample) {
    for token in sample.disappeared { disappear(token) }
    appeared.add(sample.appeared)
    for change in sample.changed { self.change(change.token, to: change.links) }
    for identification in sample.identified {
      if !appeared.update(identification.token, { $0.facts = identification.facts }) {
        identified[identification.token] = identification.facts
      }
    }
    contradicted.formUnion(sample.contradicted)
    if renamed.count < Self.mostRelated { renamed += sample.renamed }
    if related.count < Self.mostRelated { related += sample.related }
    for redescription in sample.described { describe(redescription) }
  }

  /// Adds the details of a sample that could not be written and only confirms the events: facts,
  /// descriptions, disappearances, and the names and relations of namespaces. The events remain the
  /// source for the namespaces of processes.
  mutating func addDetails(of sample: ProcessSample) {
    var details = ProcessSample(start: sample.start)
    details.identified = sample.identified
    details.described = sample.described
    details.disappeared = sample.disappeared
    details.renamed = sample.renamed
    details.related = sample.related
    add(details)
  }

  /// Adds the outcome of events that can no longer be written as events: the state after all of them. The next
  /// sample writes the outcome with its own changes.
  mutating func add(_ batch: EventBatch) {
    for event in batch.events {
      switch event.change {
      case .started(let start):
        appeared.add([
          .init(
            token: start.token, facts: start.facts,
            thread: start.tid.map {
              ThreadFacts(tid: $0, process: start.parent, origin: start.origin)
            },
            description: start.description, links: start.set.links)
        ])
      case .moved(let token, let set), .resumed(let token, let set):
        change(token, to: set.links)
      case .exited(let token, _), .reaped(let token): disappear(token)
      case .described(let token, let description):
        describe(.init(token: token, description: description))
      }
    }
  }

  private mutating func disappear(_ token: ProcessToken) {
    if !appeared.remove(token) { disappeared.insert(token) }
    changed[token] = nil
    described[token] = nil
    identified[token] = nil
  }

  private mutating func change(_ token: ProcessToken, to links: [LinkState]) {
    if !appeared.update(token, { $0.links = links }) { changed[token] = links }
  }

  private mutating func describe(_ redescription: ProcessSample.Redescription) {
    if appeared.update(redescription.token, { $0.description.update(redescription.description) }) {
      return
    }
    // The first description retains its `since`: any difference arose after that time.
    if described[redescription.token] == nil {
      described[redescription.token] = redescription
    } else {
      described[redescription.token]?.description.update(redescription.description)
    }
  }

  /// The appearances, each parent before its children as far as start times in clock ticks show, and
  /// each process before its threads.
  var arrivals: some Sequence<ProcessSample.Appearance> { appeared.inOrder }

  /// Empties the backlog, once all of it is in the file.
  mutating func clear() { self = Backlog() }
}

extension ProcessSample {
  /// Whether the sample only confirms what events reported: no process appeared, and the sample
  /// contradicts the events of none.
  var isConfirmation: Bool { appeared.isEmpty && contradicted.isEmpty }
}

/// Processes and threads that appeared and are not in the file yet.
///
/// The first sample of a session reports every process at once. So this type stores the array of the
/// sample without a copy, and builds the index by token only when it is needed.
struct Appearances {
  private var list: [ProcessSample.Appearance] = []
  private var removed: Set<Int> = []
  /// The index in `list` of each token, for the first `indexedCount` elements of `list`.
  private var indices: [ProcessToken: Int] = [:]
  private var indexedCount = 0

  /// Adds appearances. An appearance replaces an earlier one with the same token.
  mutating func add(_ new: [ProcessSample.Appearance]) {
    guard !list.isEmpty else {
      list = new
      return
    }
    for one in new where !update(one.token, { $0 = one }) { list.append(one) }
  }

  /// Changes the appearance of a token; returns false if there is none.
  mutating func update(
    _ token: ProcessToken, _ change: (inout ProcessSample.Appearance) -> Void
  ) -> Bool {
    guard let index = index(of: token) else { return false }
    change(&list[index])
    return true
  }

  /// Removes the appearance of a token; returns false if there is none.
  mutating func remove(_ token: ProcessToken) -> Bool {
    guard let index = index(of: token) else { return false }
    removed.insert(index)
    indices[token] = nil
    if removed.count == list.count { self = Appearances() }
    return true
  }

  private mutating func index(of token: ProcessToken) -> Int? {
    for index in indexedCount..<list.count { indices[list[index].token] = index }
    indexedCount = list.count
    return indices[token]
  }

  /// The appearances, each parent before its children as far as start times in clock ticks show, and
  /// each process before its threads.
  var inOrder: some Sequence<ProcessSample.Appearance> {
    func order(_ index: Int) -> (UInt64, Int, UInt64) {
      let one = list[index]
      return (one.facts.startTicks ?? 0, one.thread == nil ? 0 : 1, one.token.number)
    }
    return list.indices.filter { !removed.contains($0) }.sorted { order($0) < order($1) }
      .lazy.map { list[$0] }
  }
}

/// Events that are not in the file yet: usually those of one second, more while writes fail.
struct PendingEvents {
  private(set) var batches: [EventBatch] = []
  private(set) var count = 0

  /// The most events that are buffered: about ten seconds of an event storm. More would fill the
  /// memory.
  private static let most = 1 << 17

  var isEmpty: Bool { batches.isEmpty }

  /// Adds a batch. Returns false, and adds nothing, if the events would exceed the limit.
  mutating func add(_ batch: EventBatch) -> Bool {
    guard count + batch.events.count <= Self.most else { return false }
    append(batch)
    return true
  }

  /// Removes all batches and returns them.
  mutating func take() -> [EventBatch] {
    defer { self = PendingEvents() }
    return batches
  }

  /// Returns the first events, at most `most`. The limit may split a batch.
  func portion(of most: Int) -> PendingEvents {
    var portion = PendingEvents()
    for batch in batches {
      let room = most - portion.count
      guard batch.events.count > room else {
        portion.append(batch)
        continue
      }
      guard room > 0 else { break }
      var first = EventBatch(epoch: batch.epoch)
      first.events = Array(batch.events.prefix(room))
      portion.append(first)
      break
    }
    return portion
  }

  /// Removes a portion that was written.
  mutating func remove(_ portion: PendingEvents) {
    count -= portion.count
    guard let last = portion.batches.last else { return }
    let index = portion.batches.count - 1
    let rest = batches[index].events.count - last.events.count
    batches.removeFirst(rest > 0 ? index : index + 1)
    if rest > 0 { batches[0].events.removeFirst(last.events.count) }
  }

  private mutating func append(_ batch: EventBatch) {
    count += batch.events.count
    batches.append(batch)
  }
}
