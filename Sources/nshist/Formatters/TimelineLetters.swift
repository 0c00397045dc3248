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
    let sorted = order.indices.sorted {
      (first[$0]?.time ?? .max, $0) < (first[$1]?.time ?? .max, $1)
    }
    for index in sorted where order[index].isInitial != true {
      shades[index] = colours.next(of: order[index].type, in: first[index]?.group ?? -1)
    }
    return shades
  }

  /// Returns the number of the colour of a namespace; nil for an initial namespace, and for any other mark.
  func shade(of mark: TimelineMark) -> Int? {
    guard case .namespace(let namespace) = mark, let index = indexes[namespace.id] else {
      return nil
    }
    return shades[index]
  }

  func letter(of mark: TimelineMark) -> Character {
    switch mark {
    case .namespace(let namespace):
      let index = indexes[namespace.id] ?? Self.alphabet.count
      return index < Self.alphabet.count ? Self.alphabet[index] : "#"
    case .several: return "*"
    case .unknown(.gap): return "-"
    case .unknown: return "?"
    case .absent: return "."
    }
  }

  func colour(of mark: TimelineMark) -> Colour {
    switch mark {
    case .namespace(let namespace):
      guard namespace.isInitial != true, let index = indexes[namespace.id] else { return .none }
      return Self.palette[index % Self.palette.count]
    case .several: return .red
    case .unknown: return .yellow
    case .absent: return .faint
    }
  }

  /// Returns the entries of the legend: those of the letters, then those of the signs.
  ///
  /// - Parameters:
  ///   - used: the marks in the drawing.
  ///   - paint: returns the letter or sign of a mark in its colour.
  func legend(
    _ used: Set<TimelineMark>, _ paint: (TimelineMark) -> String
  ) -> (letters: [String], signs: [String]) {
    let known = order.prefix(Self.alphabet.count)
    let usedIndexes = Set(
      used.compactMap { mark in
        if case .namespace(let namespace) = mark { indexes[namespace.id] } else { nil }
      })
    let letters = known.enumerated().filter { usedIndexes.contains($0.offset) }
      .map { index, namespace in
        let other =
          ambiguous.contains(index) ? ", or another namespace that reused its inode number" : ""
        return paint(.namespace(namespace)) + " = \(namespace.text)\(other)"
      }
    let rest = order.count - known.count
    let more = rest > 0 ? ["# = one of \(rest) more namespaces"] : []
    let reasons = Set(
      used.compactMap { mark in
        if case .unknown(let reason) = mark, reason != .gap { reason.rawValue } else { nil }
      }
    ).sorted().joined(separator: ", ")
    func sign(_ mark: TimelineMark, _ meaning: String) -> String { "\(paint(mark)) = \(meaning)" }
    let signs = [
      used.contains(.several)
        ? sign(.several, "several in one column, which a shorter time shows apart") : nil,
      reasons.isEmpty ? nil : sign(.unknown(.notRecorded), "not known (\(reasons))"),
      used.contains(.unknown(.gap)) ? sign(.unknown(.gap), "a gap: no samples") : nil,
      used.contains(.absent) ? sign(.absent, "not seen") : nil,
    ].compactMap(\.self)
    return (letters + more, signs)
  }
}
