/// Formats a table while its rows arrive. The widest cells of the first thousand rows set the column widths.
struct StreamedTable {
  private let header: [String]
  private let colours: Bool
  private let fit: TableFit?
  private var widths: [Int]
  private var kept: [[Table.Cell]] = []
  private var isStreaming = false
  /// The day that all times of the first rows share, which the cells omit; nil if they share none.
  private var day: TableFit.Day?
  /// The indexes of the columns that have values but do not fit the terminal.
  private(set) var hidden: [Int] = []
  /// Whether each column is not printed, because it is in `hidden` or empty.
  private var isHidden: [Bool]

  /// The number of rows to buffer before the first is printed.
  private static let most = 1000

  /// - Parameter fit: the terminal that the table has to fit; nil if the width is not limited.
  init(_ header: [String], colours: Bool, fit: TableFit? = nil) {
    self.header = header
    self.colours = colours
    self.fit = fit
    widths = header.map(\.count)
    isHidden = header.map { _ in false }
  }

  /// Adds a row. Returns the text to print now; nil while rows are buffered.
  mutating func add(_ cells: [Table.Cell]) -> String? {
    if isStreaming { return line(cells) }
    kept.append(cells)
    for (column, cell) in cells.enumerated() {
      widths[column] = max(widths[column], cell.text.count)
    }
    return kept.count < Self.most ? nil : begin()
  }

  /// Returns the header and the buffered rows; an empty string if they were printed already.
  mutating func rest() -> String { isStreaming ? "" : begin() }

  private mutating func begin() -> String {
    var text = ""
    if let fit {
      day = fit.day(of: kept)
      if let day {
        text = "Times of \(day.words).\n"
        for column in fit.times {
          widths[column] = kept.reduce(header[column].count) {
            max($0, day.cut($1[column].text).count)
          }
        }
      }
      let columns = fit.columns(of: kept, &widths)
      isHidden = columns.isHidden
      hidden = columns.tooMany
    }
    text += line(header.map { Table.Cell(text: $0) })
    for row in kept { text += line(row) }
    kept.removeAll()
    isStreaming = true
    return text
  }

  private func line(_ row: [Table.Cell]) -> String {
    var line = ""
    let last = row.indices.last { !isHidden[$0] }
    for (column, cell) in row.enumerated() where !isHidden[column] {
      let text = fit?.text(cell.text, column, day, widths[column]) ?? cell.text
      let padding = column == last ? 0 : max(0, widths[column] - text.count) + 2
      line += cell.colour.paint(text, colours) + String(repeating: " ", count: padding)
    }
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }
}
