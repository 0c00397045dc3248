/// Fits a table to the width of a terminal.
///
/// The column of sentences, such as WHAT, is kept whole: it is wrapped beside the other columns, or below each row
/// where that takes fewer lines or leaves room for more columns. The date of all times, and other values that all rows
/// share, are printed once above the table. Then the columns with the highest ranks are omitted, and the widest cells
/// are truncated.
struct TableFit {
  /// The width of the terminal, in characters.
  let width: Int
  /// The rank of each column, which decides whether it is omitted first; see `Column.rank`.
  let ranks: [Int]
  /// The indexes of the columns whose cells are times.
  let times: [Int]
  /// The index of the column whose cells are wrapped, which is the last one; nil if the table has none.
  let flow: Int?
  /// The indexes of the columns whose values begin the sentence below a row that has no room for them.
  let beginnings: Set<Int>

  static let gap = 2
  /// The indentation of a cell that is printed below its row.
  static let indentation = 2
  /// The least width to which a column is truncated.
  private static let least = 8
  /// The least width of the column of sentences beside the other columns.
  private static let leastFlow = 40
  /// The least rank of the columns that hold details: they make room for the column of sentences.
  private static let detail = 3

  /// How the columns are arranged.
  struct Layout {
    /// Whether each column is not printed as a column.
    var isHidden: [Bool]
    /// The indexes of the columns that have values but do not fit.
    var omitted: [Int] = []
    /// The indexes of the columns whose only value is printed once above the table.
    var common: [Int] = []
    /// The indexes of the columns whose values begin the sentence below each row.
    var beginnings: [Int] = []
    /// Whether the column of sentences is printed below each row.
    var isBeneath = false
  }

  /// Returns the part of the times that those of all rows share; nil if they share none.
  func sharedTime(of rows: [[Table.Cell]]) -> SharedTime? {
    SharedTime(of: rows.lazy.flatMap { row in times.lazy.map { row[$0].text } })
  }

  /// Returns the layout of the columns, and sets their widths.
  ///
  /// - Parameters:
  ///   - isWhole: whether the table has no other rows.
  ///   - isOpenEnded: whether further rows may come at any time, which may have values where these have none.
  func layout(
    of rows: [[Table.Cell]], _ widths: inout [Int], isWhole: Bool, isOpenEnded: Bool
  ) -> Layout {
    let empty = ranks.indices.map { column in
      ranks[column] > 0 && !isOpenEnded && !rows.isEmpty
        && rows.allSatisfy { $0[column].text.isEmpty }
    }
    let repeated = isWhole && rows.count > 1 ? repeated(in: rows) : []
    var layout = Layout(isHidden: empty)
    guard let flow, !empty[flow], !rows.isEmpty else {
      omit(from: &layout, repeated, widths, least: 2)
      truncate(layout, &widths)
      return layout
    }
    let whole = widths[flow]
    if excess(layout, widths) <= 0 { return layout }
    widths[flow] = isOpenEnded ? Self.leastFlow : min(whole, Self.leastFlow)
    omit(from: &layout, repeated, widths, least: Self.detail)
    let room = widths[flow] - excess(layout, widths)
    func lines(_ width: Int) -> Int { rows.reduce(0) { $0 + wrapped($1[flow], width).count } }
    if room >= widths[flow], lines(room) <= rows.count + lines(width - Self.indentation) {
      widths[flow] = isOpenEnded ? room : min(whole, room)
      return layout
    }
    layout = Layout(isHidden: empty, isBeneath: true)
    omit(from: &layout, repeated, widths, least: 2)
    truncate(layout, &widths)
    return layout
  }

  /// Returns the indexes of the columns that have one and the same value in all rows.
  private func repeated(in rows: [[Table.Cell]]) -> Set<Int> {
    Set(
      ranks.indices.filter { column in
        guard column != flow, !times.contains(column), let first = rows.first?[column].text else {
          return false
        }
        return !first.isEmpty && rows.allSatisfy { $0[column].text == first }
      })
  }

  private func shown(_ layout: Layout) -> [Int] {
    ranks.indices.filter { !layout.isHidden[$0] && !(layout.isBeneath && $0 == flow) }
  }

  /// Returns by how much the columns are wider than the terminal.
  private func excess(_ layout: Layout, _ widths: [Int]) -> Int {
    shown(layout).reduce(-Self.gap) { $0 + widths[$1] + Self.gap } - width
  }

  /// Widens a column as far as the terminal has room, and the column of sentences beside it can give up room.
  func widen(_ column: Int, by wanted: Int, _ layout: Layout, _ widths: inout [Int]) {
    let free = max(0, -excess(layout, widths))
    var room = free
    if let flow, !layout.isBeneath { room += max(0, widths[flow] - Self.leastFlow) }
    let taken = min(wanted, room)
    widths[column] += taken
    if let flow, !layout.isBeneath { widths[flow] -= max(0, taken - free) }
  }

  /// Omits columns until the others fit: first those whose value is the same in all rows, then those with the
  /// highest ranks.
  private func omit(
    from layout: inout Layout, _ repeated: Set<Int>, _ widths: [Int], least: Int
  ) {
    // The width that the widest column can give up. As long as that is enough, no column is omitted.
    func cuttable() -> Int {
      guard flow == nil else { return 0 }
      return shown(layout).map { max(0, widths[$0] - 2 * Self.least) }.max() ?? 0
    }
    func next(_ columns: [Int]) -> Int? {
      columns.filter { !layout.isHidden[$0] }
        .max { (ranks[$0], widths[$0]) < (ranks[$1], widths[$1]) }
    }
    while excess(layout, widths) > 0, shown(layout).count > 2, let column = next(repeated.sorted())
    {
      layout.isHidden[column] = true
      layout.common.append(column)
    }
    while excess(layout, widths) > cuttable(),
      let column = next(ranks.indices.filter { ranks[$0] >= least && $0 != flow })
    {
      layout.isHidden[column] = true
      if layout.isBeneath, beginnings.contains(column) {
        layout.beginnings.append(column)
      } else {
        layout.omitted.append(column)
      }
    }
    layout.common.sort()
    layout.omitted.sort()
  }

  /// Reduces the widths of the widest columns until all of them fit.
  private func truncate(_ layout: Layout, _ widths: inout [Int]) {
    let shown = shown(layout)
    while excess(layout, widths) > 0 {
      let widest = shown.filter { !times.contains($0) }.max { widths[$0] < widths[$1] }
      guard let widest, widths[widest] > Self.least else { break }
      let next = shown.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
      widths[widest] = max(
        Self.least, min(widths[widest] - 1, max(widths[widest] - excess(layout, widths), next)))
    }
  }

  /// Returns the text of a cell to print: a time without its shared part; any other text truncated to the width of
  /// its column.
  func text(_ cell: Table.Cell, _ column: Int, _ shared: SharedTime?, _ width: Int) -> String {
    if times.contains(column) { return shared?.cut(cell.text) ?? cell.text }
    if let text = Self.fitting(cell, width) { return text }
    let text = cell.shorter.last ?? cell.text
    return text.prefix(max(0, width - 1)) + "…"
  }

  /// Returns the lines of a cell of the column of sentences.
  ///
  /// - Parameter indentation: that of all lines but the first.
  func wrapped(_ cell: Table.Cell, _ width: Int, _ indentation: Int = 0) -> [String] {
    if let text = Self.fitting(cell, width) { return [text] }
    return TextWrap.lines(cell.shorter.last ?? cell.text, width, width - indentation)
  }

  /// Returns the most detailed text of a cell that fits a width; nil if none does.
  private static func fitting(_ cell: Table.Cell, _ width: Int) -> String? {
    ([cell.text] + cell.shorter).first { $0.count <= width }
  }
}

/// The part of a time that several times share, so that a table prints it once: the day and the zone, or else the year
/// and the zone.
struct SharedTime {
  private let beginning: String
  private let zone: String

  /// Returns nil if the times share neither, or if there are none.
  init?(of times: some Sequence<String>) {
    var shared: SharedTime?
    for time in times where !time.isEmpty {
      guard let next = SharedTime(ofOne: time) else { return nil }
      guard let known = shared else {
        shared = next
        continue
      }
      if known.contains(time) { continue }
      guard let year = known.year, year.contains(time) else { return nil }
      shared = year
    }
    guard let shared else { return nil }
    self = shared
  }

  private init(beginning: String, zone: String) {
    self.beginning = beginning
    self.zone = zone
  }

  /// Splits off the day and the zone: `2026-11-29 ` and `+01:00` of `2026-11-29 10:42:00.000+01:00`.
  private init?(ofOne time: String) {
    guard let blank = time.firstIndex(of: " ") else { return nil }
    let clock = time[time.index(after: blank)...]
    guard let zone = clock.lastIndex(where: { $0 == "Z" || $0 == "+" || $0 == "-" }) else {
      return nil
    }
    self.init(beginning: String(time[...blank]), zone: String(clock[zone...]))
  }

  /// The same zone with the year alone; nil if the time has no year before a hyphen.
  private var year: SharedTime? {
    guard let hyphen = beginning.firstIndex(of: "-") else { return nil }
    return SharedTime(beginning: String(beginning[...hyphen]), zone: zone)
  }

  private func contains(_ time: String) -> Bool {
    time.hasPrefix(beginning) && time.hasSuffix(zone)
  }

  /// The line above the table: `Times of 2026-11-29, UTC+01:00.`
  var line: String {
    "Times of \(beginning.dropLast()), \(zone == "Z" ? "UTC" : "UTC\(zone)").\n"
  }

  /// Returns the time without the shared part; unchanged if it does not have that part.
  func cut(_ time: String) -> String {
    contains(time) ? String(time.dropFirst(beginning.count).dropLast(zone.count)) : time
  }

  /// Whether this is a later day than another one.
  func isLater(than other: SharedTime) -> Bool {
    beginning.count == other.beginning.count && beginning > other.beginning
  }
}

/// Wraps text at blanks.
enum TextWrap {
  /// Returns a line of a text as lines that fit a terminal. The first may begin with blanks, which the others have too,
  /// and may contain colours (ECMA-48 SGR), which take no room.
  static func wrapped(_ line: String, _ width: Int) -> String {
    if line.utf8.count <= width { return line }
    let text = line.drop { $0 == " " }
    let blanks = String(repeating: " ", count: line.count - text.count)
    let colours = colours(in: text)
    guard text.count - colours > width - blanks.count else { return line }
    let rest = blanks + String(repeating: " ", count: TableFit.indentation)
    let lines = lines(String(text), width - blanks.count + colours, width - rest.count)
    return blanks + lines.joined(separator: "\n" + rest)
  }

  /// Returns the number of characters of a line that a terminal shows.
  static func width(of line: String) -> Int { line.count - colours(in: line[...]) }

  /// The number of characters that only set a colour: from ESC to `m`.
  private static func colours(in text: Substring) -> Int {
    var count = 0
    var isColour = false
    for character in text {
      if character == "\u{1B}" { isColour = true }
      if isColour { count += 1 }
      if character == "m" { isColour = false }
    }
    return count
  }

  /// Returns the lines of a text.
  ///
  /// - Parameters:
  ///   - first: the width of the first line.
  ///   - rest: the width of the others. A word that is longer is split.
  static func lines(_ text: String, _ first: Int, _ rest: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var width = max(1, first)
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      var word = word
      if !line.isEmpty, line.count + 1 + word.count <= width {
        line += " " + word
        continue
      }
      if !line.isEmpty {
        lines.append(line)
        width = max(1, rest)
      }
      while word.count > width {
        lines.append(String(word.prefix(width)))
        word = word.dropFirst(width)
        width = max(1, rest)
      }
      line = String(word)
    }
    return lines + (line.isEmpty ? [] : [line])
  }
}
