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
    let all = [header.map { Cell(text: $0) }] + rows
    let widths = header.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
    var text = ""
    for row in all {
      var line = ""
      for (column, cell) in row.enumerated() {
        let isLast = column == row.count - 1
        let padding = isLast ? 0 : widths[column] - cell.text.count + 2
        line += cell.colour.paint(cell.text, colours) + String(repeating: " ", count: padding)
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}

/// The colours of a terminal (ECMA-48 SGR).
enum Colour: String {
  case none = ""
  case green = "32"
  case red = "31"
  case yellow = "33"

  func paint(_ text: String, _ colours: Bool) -> String {
    colours && self != .none ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Whether standard output is a terminal that shows colour (no-color.org).
  static var isWanted: Bool {
    isatty(STDOUT_FILENO) != 0 && Environment.variable("NO_COLOR") == nil
      && Environment.variable("TERM") != "dumb"
  }
}
