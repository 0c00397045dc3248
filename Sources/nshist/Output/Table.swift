internal import Glibc

/// Columns of text for a person, as wide as their widest cell.
struct Table {
  private let header: [String]
  private var rows: [[Cell]] = []

  /// A text, and how it is shown where colour may be.
  struct Cell {
    var text: String
    var colour: Colour = .none
  }

  init(_ header: [String]) { self.header = header }

  mutating func add(_ cells: [Cell]) { rows.append(cells) }

  /// The lines, each with its end.
  func text(colours: Bool) -> String {
    var table = StreamedTable(header, colours: colours)
    return rows.reduce(into: "") { $0 += table.add($1) ?? "" } + table.rest()
  }
}

/// The colours of a terminal (ECMA-48 SGR).
enum Colour: String {
  case none = ""
  case green = "32"
  case red = "31"
  case yellow = "33"
  case blue = "34"
  case magenta = "35"
  case cyan = "36"

  func paint(_ text: String, _ colours: Bool) -> String {
    colours && self != .none ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Whether standard output is a terminal that shows colour (no-color.org).
  static var isWanted: Bool {
    isatty(STDOUT_FILENO) != 0 && Environment.variable("NO_COLOR") == nil
      && Environment.variable("TERM") != "dumb"
  }
}
