internal import NamespaceModel

/// Chooses one of twelve colours for each namespace that is not an initial one. The first namespace of a type that the
/// processes of a group were in, such as those of a container, has the colour of the group, which is the same for all
/// types. The page of a report and the timeline in the terminal choose alike.
struct NamespaceColours {
  /// The number of colours. The style sheet of the page names them `--c0`, `--c1` and so on.
  static let count = 12

  private var ofGroup: [Int: Int] = [:]
  private var used: [NamespaceType: [Int]] = [:]

  /// Returns the colour of the next namespace of a type, in the order in which the processes were first seen in them.
  ///
  /// - Parameter group: the group of the processes that were in the namespace first.
  mutating func next(of type: NamespaceType, in group: Int) -> Int {
    let own = ofGroup[group] ?? ofGroup.count % Self.count
    ofGroup[group] = own
    let taken = used[type] ?? []
    let colour = taken.contains(own) ? Self.next(after: own, taken) : own
    used[type, default: []].append(colour)
    return colour
  }

  /// Returns the colour that the fewest namespaces of a type have; of equal ones the first after another.
  private static func next(after own: Int, _ taken: [Int]) -> Int {
    var counts = Array(repeating: 0, count: count)
    for colour in taken { counts[colour] += 1 }
    return (1...count).map { (own + $0) % count }.min { counts[$0] < counts[$1] } ?? own
  }
}
