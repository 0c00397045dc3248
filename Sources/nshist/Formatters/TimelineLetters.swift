internal import NSHistory

/// Assigns a letter and a colour to each namespace, and formats the legend.
struct TimelineLetters {
  private var order: [NamespaceRecord] = []
  private var indexes: [Int64: Int] = [:]
  /// Indexes of the letters that may stand for two namespaces: the records have the same inode number, and do
  /// not prove that they are different namespaces.
  private var ambiguous: Set<Int> = []

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
  /// The colours of namespaces. Yellow and red are those of what is not one known namespace.
  private static let palette: [Colour] = [.green, .cyan, .magenta, .blue]

  /// Assigns letters in the order in which the namespaces appear in the rows within a span of time.
  init(_ rows: [TimelineRow], in span: ClosedRange<Int64>) {
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

  /// Returns the legend of the letters and signs in the drawing.
  func legend(_ used: Set<TimelineMark>, colours: Bool) -> [String] {
    let known = order.prefix(Self.alphabet.count)
    let usedIndexes = Set(
      used.compactMap { mark in
        if case .namespace(let namespace) = mark { indexes[namespace.id] } else { nil }
      })
    let letters = known.enumerated().filter { usedIndexes.contains($0.offset) }
      .map { index, namespace in
        let mark = TimelineMark.namespace(namespace)
        let other =
          ambiguous.contains(index) ? ", or another namespace that reused its inode number" : ""
        return colour(of: mark).paint("\(letter(of: mark))", colours)
          + " = \(namespace.text)\(other)"
      }
    let rest = order.count - known.count
    let more = rest > 0 ? ["# = one of \(rest) more namespaces"] : []
    let reasons = Set(
      used.compactMap { mark in
        if case .unknown(let reason) = mark, reason != .gap { reason.rawValue } else { nil }
      }
    ).sorted().joined(separator: ", ")
    func sign(_ mark: TimelineMark, _ meaning: String) -> String {
      colour(of: mark).paint("\(letter(of: mark))", colours) + " = \(meaning)"
    }
    let signs = [
      used.contains(.several) ? sign(.several, "several in one column") : nil,
      reasons.isEmpty ? nil : sign(.unknown(.notRecorded), "not known (\(reasons))"),
      used.contains(.unknown(.gap)) ? sign(.unknown(.gap), "a gap: no samples") : nil,
      used.contains(.absent) ? sign(.absent, "not seen") : nil,
    ].compactMap(\.self)
    return letters + more + (signs.isEmpty ? [] : [signs.joined(separator: "   ")])
  }
}
