internal import NamespaceModel
internal import SQLite

/// Tells of processes that nothing happened to around a moment, which most are: each was in one set
/// in every sample on its sides. By the rules of `PIDHistory` that says all, so no track is made.
final class UnchangedFastPath {
  private let sets: SetReader
  private let brackets: [SampleWindow]
  /// The numbers of the samples on the sides of the brackets.
  private let sides: [Int64]
  private let isSampled: Bool
  /// Of each set: nil where one in it may not be there.
  private var known: [Int64: Places?] = [:]

  private struct Places {
    var own: [NamespaceType: ProcessAtMoment.Place] = [:]
    var ofChildren: [NamespaceType: ProcessAtMoment.Place] = [:]
  }

  init(_ sets: SetReader, _ brackets: [SampleWindow]) {
    self.sets = sets
    self.brackets = brackets
    sides = brackets.flatMap { [$0.before, $0.after] }.compactMap { $0?.id }
    isSampled = !brackets.isEmpty && brackets.allSatisfy { $0.coverage == .sampled }
  }

  /// Nil of a process that there is more to tell of.
  func process(_ life: TaskHistory) throws(SQLiteError) -> ProcessAtMoment? {
    guard isSampled, life.memberships.count == 1, let only = life.memberships.first,
      sides.allSatisfy({ only.from <= $0 && $0 <= only.until }),
      brackets.allSatisfy({ $0.isOf(space: life.process.space) }),
      let places = try places(only.set)
    else { return nil }
    return ProcessAtMoment(
      process: life.process, presence: .certain, places: places.own,
      placesOfChildren: places.ofChildren)
  }

  private func places(_ set: Int64) throws(SQLiteError) -> Places? {
    if let known = known[set] { return known }
    let links = try sets.links(of: set)
    var places = Places()
    for type in NamespaceType.allCases {
      places.own[type] = links[type.link].map(Self.place)
      guard type.linkForChildren != type.link, let children = links[type.linkForChildren],
        children.namespace != nil, children != links[type.link]
      else { continue }
      places.ofChildren[type] = Self.place(children)
    }
    // A sample found out that it was not where it was told to be.
    let found = links[.pid] == .unread(.unseen) ? nil : places
    known[set] = .some(found)
    return found
  }

  private static func place(_ value: LinkValue) -> ProcessAtMoment.Place {
    switch value {
    case .namespace(let namespace):
      .init(namespace: namespace, reason: nil, others: [], isDisputed: false)
    case .unread(let reason):
      .init(namespace: nil, reason: UnknownReason(reason), others: [], isDisputed: false)
    }
  }
}
