/// Columns of text as wide as the widest cell of the first rows, however many are to come.
struct StreamedTable {
  private let header: [String]
  private let colours: Bool
  private var widths: [Int]
  private var kept: [[Table.Cell]] = []
  private var isStreaming = false

  /// How many rows are looked at before the first is printed.
  private static let most = 1000

  init(_ header: [String], colours: Bool) {
    self.header = header
    self.colours = colours
    widths = header.map(\.count)
  }

  /// Takes a row; returns what is to be printed by now.
  mutating func add(_ cells: [Table.Cell]) -> String? {
    if isStreaming { return line(cells) }
    kept.append(cells)
    for (column, cell) in cells.enumerated() {
      widths[column] = max(widths[column], cell.text.count)
    }
    return kept.count < Self.most ? nil : rest()
  }

  /// What was kept back, with the header before it if nothing was printed yet.
  mutating func rest() -> String {
    var text = isStreaming ? "" : line(header.map { Table.Cell(text: $0) })
    for row in kept { text += line(row) }
    kept.removeAll()
    isStreaming = true
    return text
  }

  private func line(_ row: [Table.Cell]) -> String {
    var line = ""
    for (column, cell) in row.enumerated() {
      let isLast = column == row.count - 1
      let padding = isLast ? 0 : max(0, widths[column] - cell.text.count) + 2
      line += cell.colour.paint(cell.text, colours) + String(repeating: " ", count: padding)
    }
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }
}
