internal import NSHistory
internal import NamespaceModel

/// Assigns a letter and a colour to each namespace, and formats the legend.
struct TimelineLetters {
  private var order: [NamespaceRecord] = []
  private var indexes: [Int64: Int] = [:]
  /// Indexes of the letters that may stand for two namespaces: the records have the same inode number, and do
  /// not prove that they are different namespaces.
  private var ambiguous: Set<Int> = []
  /// For each letter, the number of its colour among those of the page of a report; nil for an initial namespace.
  private var shades: [Int?] = []

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
  /// The colours of namespaces. Yellow and red are those of what is not one known namespace.
  private static let palette: [Colour] = [.green, .cyan, .magenta, .blue]

  /// Assigns letters in the order in which the namespaces appear in the rows within a span of time.
  init(_ rows: [TimelineRow], in span: ClosedRange<WallTime>) {
    for segment in rows.flatMap(\.segments)
    where segment.until >= span.lowerBound && segment.from <= span.upperBound {
      guard case .namespace(let namespace) = segment.state, indexes[namespace.id] == nil else {
        continue
      }
      if let index = order.firstIndex(where: { !namespace.differs(from: $0) }) {
        indexes[namespace.id] = index
        ambiguous.insert(index)
        continue
      }
      indexes[namespace.id] = order.count
      order.append(namespace)
    }
    shades = chooseShades(rows, in: span)
  }

  /// The number of namespaces whose colours are chosen by the time at which they were first seen.
  private static let mostChosen = 1000

  /// Chooses the colours as `ReportLayout` does: in the order in which the processes were first seen in the namespaces.
  private func chooseShades(_ rows: [TimelineRow], in span: ClosedRange<WallTime>) -> [Int?] {
    var groups: [String: Int] = [:]
    var first: [(time: WallTime, group: Int)?] = order.map { _ in nil }
    for row in rows {
      let container = row.process.container.map { "\(row.process.boot) \($0.id)" } ?? ""
      let group = groups[container] ?? groups.count
      groups[container] = group
      for segment in row.segments
      where segment.until >= span.lowerBound && segment.from <= span.upperBound {
        guard case .namespace(let namespace) = segment.state, let index = indexes[namespace.id]
        else { continue }
        let time = max(segment.from, span.lowerBound)
        if first[index].map({ time < $0.time }) ?? true { first[index] = (time, group) }
      }
    }
    var colours = NamespaceColours()
    var shades: [Int?] = order.map { _ in nil }
    // Namespaces beyond these are more than a person can tell apart.
    for index in order.indices.dropFirst(Self.mostChosen) where order[index].isInitial != true {
      shades[index] = index % NamespaceColours.count
    }
    // Takes the namespace that was seen first of those that are left.
    while true {
      var next: (index: Int, time: WallTime, group: Int)?
      for (index, namespace) in order.prefix(Self.mostChosen).enumerated()
      where shades[index] == nil && namespace.isInitial != true {
        guard let seen = first[index] else { continue }
        if next.map({ seen.time < $0.time }) ?? true { next = (index, seen.time, seen.group) }
      }
      guard let next else { return shades }
      shades[next.index] = colours.next(of: order[next.index].type, in: next.group)
    }
  }

  /// Returns the number of the colour of a namespace; nil for an initial namespace, and for any other mark.
  func shade(of mark: TimelineMark) -> Int? {
    guard case .namespace(let id) = mark, let index = indexes[id] else {
      return nil
    }
    return shades[index]
  }

  func letter(of mark: TimelineMark) -> Character {
    switch mark {
    case .namespace(let id):
      let index = indexes[id] ?? Self.alphabet.count
      return index < Self.alphabet.count ? Self.alphabet[index] : "#"
    case .several: return "*"
    case .unknown(.gap): return "-"
    case .unknown: return "?"
    case .absent: return "."
    }
  }

  func colour(of mark: TimelineMark) -> Colour {
    switch mark {
    case .namespace(let id):
      guard let index = indexes[id], order[index].isInitial != true else { return .none }
      return Self.palette[index % Self.palette.count]
    case .several: return .red
    case .unknown: return .yellow
    case .absent: return .faint
    }
  }

  /// What the legend says about a mark.
  struct Entry {
    let mark: TimelineMark
    let meaning: String
  }

  /// Returns the entries of the legend: those of the letters, then those of the signs.
  ///
  /// - Parameter used: the marks in the drawing.
  func legend(_ used: Set<TimelineMark>) -> [Entry] {
    var isUsed = order.map { _ in false }
    var reasons: [String] = []
    for mark in used {
      switch mark {
      case .namespace(let id): if let index = indexes[id] { isUsed[index] = true }
      case .unknown(let reason): if reason != .gap { reasons.append(reason.rawValue) }
      case .several, .absent: break
      }
    }
    var entries: [Entry] = []
    for (index, namespace) in order.enumerated()
    where isUsed[index] && index < Self.alphabet.count {
      let other =
        ambiguous.contains(index) ? ", or another namespace that reused its inode number" : ""
      entries.append(Entry(mark: .namespace(namespace.id), meaning: namespace.text + other))
    }
    let rest = order.count - Self.alphabet.count
    if rest > 0 {
      entries.append(Entry(mark: .namespace(-1), meaning: "one of \(rest) more namespaces"))
    }
    let signs: [(TimelineMark, String)] = [
      (.several, "several in one column, which a shorter time shows apart"),
      (.unknown(.notRecorded), "not known (\(reasons.sorted().joined(separator: ", ")))"),
      (.unknown(.gap), "a gap: no samples"), (.absent, "not seen"),
    ]
    for (mark, meaning) in signs
    where mark == .unknown(.notRecorded) ? !reasons.isEmpty : used.contains(mark) {
      entries.append(Entry(mark: mark, meaning: meaning))
    }
    return entries
  }
}
