internal import NamespaceModel

/// Processes and threads that came and are not in the file yet.
///
/// The first sample of a machine tells of all of them at once. So what came is kept as the sample has
/// it, with no copy, and who is where in that is found out only when it is asked for.
struct Appearances {
  private var list: [ProcessSample.Appearance] = []
  private var removed: Set<Int> = []
  /// Where each is in the list, of the first so many.
  private var places: [ProcessToken: Int] = [:]
  private var placed = 0

  /// Adds what is new; what was told of one before is replaced.
  mutating func add(_ new: [ProcessSample.Appearance]) {
    guard !list.isEmpty else {
      list = new
      return
    }
    for one in new where !update(one.token, { $0 = one }) { list.append(one) }
  }

  /// Changes what is told of one; false where it is not there.
  mutating func update(
    _ token: ProcessToken, _ change: (inout ProcessSample.Appearance) -> Void
  ) -> Bool {
    guard let place = place(of: token) else { return false }
    change(&list[place])
    return true
  }

  /// Takes one out; false where it is not there.
  mutating func remove(_ token: ProcessToken) -> Bool {
    guard let place = place(of: token) else { return false }
    removed.insert(place)
    places[token] = nil
    if removed.count == list.count { self = Appearances() }
    return true
  }

  private mutating func place(of token: ProcessToken) -> Int? {
    for place in placed..<list.count { places[list[place].token] = place }
    placed = list.count
    return places[token]
  }

  /// A parent before its children as far as clock ticks tell, and a process before its threads.
  var inOrder: some Sequence<ProcessSample.Appearance> {
    func order(_ place: Int) -> (UInt64, Int, UInt64) {
      let one = list[place]
      return (one.facts.startTicks ?? 0, one.thread == nil ? 0 : 1, one.token.number)
    }
    return list.indices.filter { !removed.contains($0) }.sorted { order($0) < order($1) }
      .lazy.map { list[$0] }
  }
}
