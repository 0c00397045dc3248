internal import NSHistory
internal import NamespaceModel

/// Draws the rows of a timeline with block characters in 256 colours (xterm). A character shows two moments, one in
/// each half. The colours are those of the page of a report, as far as a terminal has them; the letter of a namespace
/// stands at the beginning of each of its blocks.
struct TimelineBlocks {
  private let letters: TimelineLetters
  /// The marks that the rows so far show.
  private var used: Set<TimelineMark> = []
  /// The marks other than namespaces that fill one half of a character only, as a plain colour.
  private var inHalves: Set<TimelineMark> = []
  /// Whether a namespace has a block that is too narrow for its letter.
  private var hasNarrowBlocks = false

  init(_ letters: TimelineLetters) { self.letters = letters }

  /// The content of one character.
  private enum Cell: Hashable {
    case whole(TimelineMark)
    /// Two marks, at least one of which is a namespace.
    case halves(TimelineMark, TimelineMark)
  }

  /// Returns the characters of a row.
  ///
  /// - Parameter halves: the marks of the row, two for each character.
  mutating func row(_ halves: [TimelineMark]) -> String {
    let cells = stride(from: 0, to: halves.count - 1, by: 2).map { index in
      cell(halves[index], halves[index + 1])
    }
    var text = ""
    var index = 0
    while index < cells.count {
      let end = cells[index...].firstIndex { $0 != cells[index] } ?? cells.count
      note(cells, index..<end)
      text += draw(cells[index], count: end - index)
      index = end
    }
    return text
  }

  private func cell(_ left: TimelineMark, _ right: TimelineMark) -> Cell {
    if left == right { return .whole(left) }
    guard left.isNamespace || right.isNamespace else {
      let both = [left, right]
      // A gap covers other marks, however short it is, and the time in which a process was not seen covers none.
      return .whole(
        both.first { $0 == .unknown(.gap) } ?? both.first { $0 == .several }
          ?? both.first { $0 != .absent } ?? left)
    }
    // Two namespaces of one colour would look like one.
    let isOneColour = left.isNamespace && right.isNamespace && shade(left) == shade(right)
    return isOneColour || left == .several || right == .several
      ? .whole(.several) : .halves(left, right)
  }

  /// Notes what the legend has to explain of a run of equal cells.
  private mutating func note(_ cells: [Cell], _ run: Range<Int>) {
    switch cells[run.lowerBound] {
    case .whole(let mark): used.insert(mark)
    case .halves(let left, let right):
      used.formUnion([left, right])
      inHalves.formUnion([left, right].filter { !$0.isNamespace && $0 != .absent })
      // A block has its letter in the first character that it fills.
      let last = run.lowerBound > 0 ? cells[run.lowerBound - 1] : nil
      let next = run.upperBound < cells.count ? cells[run.upperBound] : nil
      if run.count > 1 || (left.isNamespace && last != .whole(left))
        || (right.isNamespace && next != .whole(right))
      {
        hasNarrowBlocks = true
      }
    }
  }

  private func draw(_ cell: Cell, count: Int) -> String {
    switch cell {
    case .whole(let mark):
      guard mark.isNamespace else {
        let character = Self.sign(mark)
        return colour(mark).paint(String(repeating: character, count: count))
      }
      let rest = String(repeating: "█", count: count - 1)
      return swatch(mark) + (rest.isEmpty ? "" : TerminalColour(ink: shade(mark)).paint(rest))
    case .halves(.absent, let right):
      return TerminalColour(ink: shade(right)).paint(String(repeating: "▐", count: count))
    case .halves(let left, .absent):
      return TerminalColour(ink: shade(left)).paint(String(repeating: "▌", count: count))
    case .halves(let left, let right):
      return TerminalColour(ink: shade(left), back: shade(right))
        .paint(String(repeating: "▌", count: count))
    }
  }

  /// Returns the lines of the legend: as many entries in a line as the terminal has room for.
  func legend(_ width: Int) -> [String] {
    var lines: [String] = []
    var room = 0
    var wasNamespace = true
    func add(_ text: String, _ isNamespace: Bool) {
      let length = TextWrap.width(of: text) + 3
      // The signs begin a line of their own.
      if length <= room, isNamespace == wasNamespace {
        lines[lines.count - 1] += "   " + text
        room -= length
      } else {
        lines.append(text)
        room = width - length + 3
      }
      wasNamespace = isNamespace
    }
    for entry in letters.legend(used) {
      let isNamespace = entry.mark.isNamespace
      let sign = isNamespace ? swatch(entry.mark) : sign(entry.mark)
      add("\(sign) = \(entry.meaning)", isNamespace)
    }
    if hasNarrowBlocks { add("▌ = too narrow for its letter, which a shorter time shows", false) }
    return lines
  }

  /// Returns the letter of a namespace on its colour.
  private func swatch(_ mark: TimelineMark) -> String {
    let shade = shade(mark)
    return TerminalColour(ink: Self.isDark(shade) ? 231 : 16, back: shade)
      .paint(String(letters.letter(of: mark)))
  }

  /// Returns the sign of a mark that is no namespace, with the colour that it has in a half of a character.
  private func sign(_ mark: TimelineMark) -> String {
    let isInHalf = inHalves.contains { Self.sign($0) == Self.sign(mark) }
    return colour(mark).paint(Self.sign(mark))
      + (isInHalf ? TerminalColour(ink: shade(mark)).paint("▌") : "")
  }

  private static func sign(_ mark: TimelineMark) -> String {
    switch mark {
    case .unknown(.gap): "▒"
    case .unknown: "?"
    case .several: "*"
    case .absent, .namespace: "·"
    }
  }

  private func colour(_ mark: TimelineMark) -> TerminalColour {
    switch mark {
    case .several: TerminalColour(ink: 160)
    case .absent: TerminalColour(ink: 244)
    default: TerminalColour(ink: shade(mark))
    }
  }

  /// Returns the colour of a mark, as a number of the palette.
  private func shade(_ mark: TimelineMark) -> Int {
    switch mark {
    case .namespace: letters.shade(of: mark).map { Self.palette[$0] } ?? 248
    case .unknown(.gap): 95
    default: 242
    }
  }

  /// The colours `--c0` to `--c11` of the page of a report, or colours near to them that people with any kind of colour
  /// vision tell apart, and that are visible on a dark and on a light ground.
  static let palette = [32, 214, 29, 132, 74, 166, 227, 99, 80, 126, 143, 169]

  /// Whether a colour needs a white letter.
  private static func isDark(_ shade: Int) -> Bool { [29, 126, 132].contains(shade) }
}

/// Colours of the 256-colour palette of xterm (ECMA-48 SGR with 38;5 and 48;5).
struct TerminalColour {
  let ink: Int
  var back: Int?

  func paint(_ text: String) -> String {
    "\u{1B}[38;5;\(ink)\(back.map { ";48;5;\($0)" } ?? "")m\(text)\u{1B}[0m"
  }
}
