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
    var words: String { "\(beginning.dropLast()), \(zone == "Z" ? "UTC" : "UTC\(zone)")" }

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
