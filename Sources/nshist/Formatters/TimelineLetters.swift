internal import NSHistory

/// Assigns a letter and a colour to each namespace, and formats the legend.
struct TimelineLetters {
  private var order: [NamespaceRecord] = []
  private var places: [Int64: Int] = [:]
  /// Indexes of the letters that may stand for two namespaces: the records have the same inode number, and do
  /// not prove that they are different namespaces.
  private var doubtful: Set<Int> = []

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
  /// The colours of namespaces. Yellow and red are those of what is not one known namespace.
  private static let palette: [Colour] = [.green, .cyan, .magenta, .blue]

  /// Assigns letters in the order in which the namespaces appear in the lanes within a span of time.
  init(_ lanes: [TimelineRow], in span: ClosedRange<Int64>) {
    for segment in lanes.flatMap(\.segments)
    where segment.until >= span.lowerBound && segment.from <= span.upperBound {
      guard case .namespace(let namespace) = segment.state, places[namespace.id] == nil else {
        continue
      }
      if let place = order.firstIndex(where: { !namespace.differs(from: $0) }) {
        places[namespace.id] = place
        doubtful.insert(place)
        continue
      }
      places[namespace.id] = order.count
      order.append(namespace)
    }
  }

  func letter(of mark: TimelineMark) -> Character {
    switch mark {
    case .namespace(let namespace):
      let place = places[namespace.id] ?? Self.alphabet.count
      return place < Self.alphabet.count ? Self.alphabet[place] : "#"
    case .several: return "*"
    case .unknown(.gap): return "-"
    case .unknown: return "?"
    case .absent: return "."
    }
  }

  func colour(of mark: TimelineMark) -> Colour {
    switch mark {
    case .namespace(let namespace):
      guard namespace.isInitial != true, let place = places[namespace.id] else { return .none }
      return Self.palette[place % Self.palette.count]
    case .several: return .red
    case .unknown: return .yellow
    case .absent: return .faint
    }
  }

  /// Returns the legend of the letters and signs in the drawing.
  func legend(_ used: Set<TimelineMark>, colours: Bool) -> [String] {
    let known = order.prefix(Self.alphabet.count)
    let usedPlaces = Set(
      used.compactMap { mark in
        if case .namespace(let namespace) = mark { places[namespace.id] } else { nil }
      })
    let letters = known.enumerated().filter { usedPlaces.contains($0.offset) }
      .map { place, namespace in
        let mark = TimelineMark.namespace(namespace)
        let doubt =
          doubtful.contains(place) ? ", or another namespace that reused its inode number" : ""
        return colour(of: mark).paint("\(letter(of: mark))", colours)
          + " = \(namespace.words)\(doubt)"
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
