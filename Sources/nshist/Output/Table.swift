/// Formats a table while its rows arrive. The widest cells of the first thousand rows set the column widths.
struct Table {
  /// The text of a cell, with its colour in colour output.
  struct Cell {
    var text: String
    var colour: Colour = .none
    /// Texts with fewer details, each shorter than the one before. A terminal without room for `text` shows the
    /// first of them that fits.
    var shorter: [String] = []

    /// Returns the cell with other values before its texts: `created: new net:[4026532281]`.
    func preceded(by values: [String]) -> Cell {
      let beginning = values.filter { !$0.isEmpty }.map { "\($0): " }.joined()
      if beginning.isEmpty { return self }
      return Cell(text: beginning + text, colour: colour, shorter: shorter.map { beginning + $0 })
    }
  }

  private let header: [String]
  private let colours: Bool
  private let fit: TableFit?
  /// Whether further rows may come at any time, so that no column may be omitted because it has no values yet.
  private let isOpenEnded: Bool
  private var widths: [Int]
  private var buffered: [[Table.Cell]] = []
  private var isStreaming = false
  /// The part of the times that those of the first rows share, which the cells omit; nil if they share none.
  private var shared: SharedTime?
  private var layout: TableFit.Layout

  /// The indexes of the columns that have values but do not fit the terminal.
  var hidden: [Int] { layout.omitted }

  /// The number of rows to buffer before the first is printed.
  private static let most = 1000

  /// - Parameters:
  ///   - fit: the terminal that the table has to fit; nil if the width is not limited.
  ///   - usualWidths: the least widths of the columns of a table to which rows may come at any time; nil for a table
  ///     whose rows are known soon.
  init(
    _ header: [String], colours: Bool, fit: TableFit? = nil, usualWidths: [Int]? = nil
  ) {
    self.header = header
    self.colours = colours
    self.fit = fit
    isOpenEnded = usualWidths != nil
    widths = header.map(\.count)
    if let usualWidths { widths = zip(widths, usualWidths).map(max) }
    layout = TableFit.Layout(isHidden: header.map { _ in false })
  }

  /// Adds a row. Returns the text to print now; nil while rows are buffered.
  mutating func add(_ cells: [Table.Cell]) -> String? {
    if isStreaming {
      let day = newDay(cells)
      if isOpenEnded { widen(for: cells) }
      return day + line(cells)
    }
    buffered.append(cells)
    for (column, cell) in cells.enumerated() {
      widths[column] = max(widths[column], cell.text.count)
    }
    return buffered.count < Self.most ? nil : begin(isWhole: false)
  }

  /// Widens the columns for the values of a further row, as far as the terminal has room, so that the rows after it
  /// are in line with it.
  private mutating func widen(for cells: [Table.Cell]) {
    for column in cells.indices where !layout.isHidden[column] && column != fit?.flow {
      let text = fit?.times.contains(column) == true ? shared?.cut(cells[column].text) : nil
      let wanted = (text ?? cells[column].text).count - widths[column]
      guard wanted > 0 else { continue }
      if let fit {
        fit.widen(column, by: wanted, layout, &widths)
      } else {
        widths[column] += wanted
      }
    }
  }

  /// Returns the header and the buffered rows; an empty string if they were printed already.
  ///
  /// - Parameter isWhole: whether no further row comes.
  mutating func rest(isWhole: Bool) -> String { isStreaming ? "" : begin(isWhole: isWhole) }

  private mutating func begin(isWhole: Bool) -> String {
    var text = ""
    if let fit {
      shared = fit.sharedTime(of: buffered)
      if let shared {
        text = shared.line
        for column in fit.times {
          widths[column] = buffered.reduce(header[column].count) {
            max($0, shared.cut($1[column].text).count)
          }
        }
      }
      layout = fit.layout(
        of: buffered, &widths, isWhole: isWhole, isOpenEnded: isOpenEnded)
      text += common(fit)
    }
    text += line(header.map { Table.Cell(text: $0) })
    for row in buffered { text += line(row) }
    buffered.removeAll()
    isStreaming = true
    return text
  }

  /// Returns a line with the values of the columns that are left out because all rows have the same value.
  private func common(_ fit: TableFit) -> String {
    guard !layout.common.isEmpty, let row = buffered.first else { return "" }
    let values = layout.common.map { "\(header[$0]) \(row[$0].text)" }.joined(separator: ", ")
    let lines = TextWrap.lines(
      "In all rows: \(values).", fit.width, fit.width - TableFit.indentation)
    let blanks = String(repeating: " ", count: TableFit.indentation)
    return lines.joined(separator: "\n\(blanks)") + "\n"
  }

  /// Returns the line about a new day if all times of the row are of a later day than those above it.
  private mutating func newDay(_ row: [Table.Cell]) -> String {
    guard let fit, let shared, let next = fit.sharedTime(of: [row]), next.isLater(than: shared)
    else { return "" }
    self.shared = next
    return next.line
  }

  private func line(_ row: [Table.Cell]) -> String {
    let beneath = layout.isBeneath ? fit?.flow : nil
    let shown = row.indices.filter { !layout.isHidden[$0] && $0 != beneath }
    var line = ""
    var position = 0
    for column in shown {
      let lines = texts(row[column], column)
      let text = lines.first ?? ""
      let padding = column == shown.last ? 0 : max(0, widths[column] - text.count) + TableFit.gap
      line += row[column].colour.paint(text, colours)
      if lines.count > 1 { line += Self.continued(lines.dropFirst(), position) }
      line += String(repeating: " ", count: padding)
      position += text.count + padding
    }
    while line.last == " " { line.removeLast() }
    line += "\n"
    if let beneath, let fit, !row[beneath].text.isEmpty {
      let cell = row[beneath].preceded(by: layout.beginnings.map { row[$0].text })
      let lines = fit.wrapped(cell, fit.width - TableFit.indentation, TableFit.indentation)
      line += String(repeating: " ", count: TableFit.indentation) + (lines.first ?? "")
      line += Self.continued(lines.dropFirst(), 2 * TableFit.indentation) + "\n"
    }
    return line
  }

  /// Returns the text of a cell to print; of a column that wraps, as lines.
  private func texts(_ cell: Table.Cell, _ column: Int) -> [String] {
    guard let fit else { return [cell.text] }
    if column == fit.flow { return fit.wrapped(cell, widths[column]) }
    return [fit.text(cell, column, shared, widths[column])]
  }

  private static func continued(_ lines: some Sequence<String>, _ indentation: Int) -> String {
    lines.map { "\n" + String(repeating: " ", count: indentation) + $0 }.joined()
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
  /// Less bright than text without a colour.
  case faint = "2"

  func paint(_ text: String, _ colours: Bool) -> String {
    colours && self != .none ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
  }
}
