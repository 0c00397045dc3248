/// A table of text for a person. The widest cell of a column sets its width.
struct Table {
  private let header: [String]
  private var rows: [[Cell]] = []

  /// The text of a cell, with its colour in colour output.
  struct Cell {
    var text: String
    var colour: Colour = .none
  }

  init(_ header: [String]) { self.header = header }

  mutating func add(_ cells: [Cell]) { rows.append(cells) }

  /// Returns the lines of the table, each with its line end.
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
}
