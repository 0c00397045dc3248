/// Formats a table while its rows arrive. The widest cells of the first thousand rows set the column widths.
struct Table {
  /// The text of a cell, with its colour in colour output.
  struct Cell {
    var text: String
    var colour: Colour = .none
  }

  private let header: [String]
  private let colours: Bool
  private let fit: TableFit?
  private var widths: [Int]
  private var buffered: [[Table.Cell]] = []
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
    buffered.append(cells)
    for (column, cell) in cells.enumerated() {
      widths[column] = max(widths[column], cell.text.count)
    }
    return buffered.count < Self.most ? nil : begin()
  }

  /// Returns the header and the buffered rows; an empty string if they were printed already.
  mutating func rest() -> String { isStreaming ? "" : begin() }

  private mutating func begin() -> String {
    var text = ""
    if let fit {
      day = fit.day(of: buffered)
      if let day {
        text = "Times of \(day.text).\n"
        for column in fit.times {
          widths[column] = buffered.reduce(header[column].count) {
            max($0, day.cut($1[column].text).count)
          }
        }
      }
      let columns = fit.columns(of: buffered, &widths)
      isHidden = columns.isHidden
      hidden = columns.tooMany
    }
    text += line(header.map { Table.Cell(text: $0) })
    for row in buffered { text += line(row) }
    buffered.removeAll()
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

/// Fits a table to the width of a terminal: prints a day that all times share once, omits columns without values
/// and those with the highest ranks, and truncates the widest cells.
struct TableFit {
  /// The width of the terminal, in characters.
  let width: Int
  /// The rank of each column, which decides whether it is omitted first; see `Column.rank`.
  let ranks: [Int]
  /// The indexes of the columns whose cells are times.
  let times: [Int]

  private static let gap = 2
  /// The least width to which a column is truncated.
  private static let least = 8

  /// The day and the time zone that several times share.
  struct Day {
    fileprivate let beginning: String
    fileprivate let zone: String

    /// The text for the line above the table: `2026-11-29, UTC+01:00`.
    var text: String { "\(beginning.dropLast()), \(zone == "Z" ? "UTC" : "UTC\(zone)")" }

    func contains(_ time: String) -> Bool { time.hasPrefix(beginning) && time.hasSuffix(zone) }

    /// Returns the time of day, if the time is of this day and zone; else returns the text unchanged.
    func cut(_ time: String) -> String {
      contains(time) ? String(time.dropFirst(beginning.count).dropLast(zone.count)) : time
    }
  }

  /// Returns the day and the zone that all times of the rows share; nil if they share none.
  func day(of rows: [[Table.Cell]]) -> Day? {
    let texts = rows.lazy.flatMap { row in times.lazy.map { row[$0].text } }.filter { !$0.isEmpty }
    guard let first = texts.first, let (beginning, zone) = Self.parts(first) else { return nil }
    let day = Day(beginning: beginning, zone: zone)
    return texts.allSatisfy(day.contains) ? day : nil
  }

  /// Splits off the day and the zone: `2026-11-29 ` and `+01:00` of `2026-11-29 10:42:00.000+01:00`.
  private static func parts(_ time: String) -> (day: String, zone: String)? {
    guard let blank = time.firstIndex(of: " ") else { return nil }
    let clock = time[time.index(after: blank)...]
    guard let zone = clock.lastIndex(where: { $0 == "Z" || $0 == "+" || $0 == "-" }) else {
      return nil
    }
    return (String(time[...blank]), String(clock[zone...]))
  }

  /// Returns the columns to omit, and which of those have values. Reduces the widths of the other columns until
  /// they fit.
  func columns(
    of rows: [[Table.Cell]], _ widths: inout [Int]
  ) -> (isHidden: [Bool], tooMany: [Int]) {
    var isHidden = ranks.indices.map { column in
      ranks[column] > 0 && !rows.isEmpty && rows.allSatisfy { $0[column].text.isEmpty }
    }
    var tooMany: [Int] = []
    func excess() -> Int {
      let shown = ranks.indices.filter { !isHidden[$0] }
      return shown.reduce(-Self.gap) { $0 + widths[$1] + Self.gap } - width
    }
    // The width that the widest column can give up. As long as that is enough, no column is omitted.
    func cuttable() -> Int {
      ranks.indices.filter { !isHidden[$0] }.map { max(0, widths[$0] - 2 * Self.least) }.max() ?? 0
    }
    while excess() > cuttable(),
      let column = ranks.indices.filter({ !isHidden[$0] && ranks[$0] > 0 })
        .max(by: { ranks[$0] < ranks[$1] })
    {
      isHidden[column] = true
      tooMany.append(column)
    }
    while excess() > 0 {
      let widest = ranks.indices.filter { !isHidden[$0] && !times.contains($0) }
        .max { widths[$0] < widths[$1] }
      guard let widest, widths[widest] > Self.least else { break }
      let next =
        ranks.indices.filter { !isHidden[$0] && $0 != widest }.map { widths[$0] }.max() ?? 0
      widths[widest] = max(
        Self.least, min(widths[widest] - 1, max(widths[widest] - excess(), next)))
    }
    return (isHidden, tooMany.sorted())
  }

  /// Returns the text of a cell to print: a time without the shared day; any other text truncated to the width of
  /// its column.
  func text(_ text: String, _ column: Int, _ day: Day?, _ width: Int) -> String {
    if times.contains(column) { return day?.cut(text) ?? text }
    return text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
  }
}
