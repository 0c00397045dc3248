internal import NSHistory
internal import NamespaceModel

/// The page of a report: the values that its template (`report.mustache`) writes. The template escapes every value but
/// the style sheet, the script and the data, which `ReportData` escapes.
struct ReportPage {
  let title: String
  /// A random word, which the Content-Security-Policy demands of each script and style sheet of the page.
  let nonce: String
  let facts: [Fact]
  let notes: [String]
  let verdict: ReportVerdict?
  let picture: ReportPicture
  let hasPicture: Bool
  let folded: String?
  let legend: [Legend]
  let tables: [Table]
  let css = String(decoding: PackageResources.report_css, as: UTF8.self)
  let script = String(decoding: PackageResources.report_js, as: UTF8.self)
  let data: String

  /// A line about the report itself.
  struct Fact {
    let name: String
    let value: String
  }

  /// The namespaces of one type that the picture shows.
  struct Legend {
    let type: String
    let entries: [Entry]
    /// How many namespaces are left out; nil for none.
    let more: String?

    struct Entry {
      let style: String
      let letter: String
      let name: String
    }
  }

  /// A table as the page shows it without the script.
  struct Table {
    let id: String
    let title: String
    let note: String?
    let count: Int
    let columns: [String]
    let rows: [Row]
    /// The sentence about rows that the page without the script leaves out; nil if it shows all.
    let cut: String?

    struct Row {
      let cells: [Cell]
    }

    struct Cell {
      let text: String
      /// Whether the text may be broken into lines.
      let isLong: Bool
    }

    /// The number of rows that the page shows without the script.
    static let mostRows = 300
    /// The length of a text that is never broken into lines.
    static let longest = 34

    init(_ table: ReportTable) {
      id = table.id
      title = table.title
      note = table.note
      count = table.rows.count
      columns = table.columns
      rows = table.rows.prefix(Self.mostRows).map { row in
        Row(cells: row.cells.map { Cell(text: $0, isLong: $0.count > Self.longest) })
      }
      cut =
        table.rows.count > Self.mostRows
        ? "These are the first \(Self.mostRows) of \(table.rows.count) rows; the script shows all."
        : nil
    }
  }

  private static let mostEntries = 12

  init(
    title: String, facts: [Fact], notes: [String], verdict: ReportVerdict?, _ layout: ReportLayout,
    zone: TimeZoneChoice
  ) {
    self.title = title
    self.facts = facts
    self.notes = notes
    self.verdict = verdict
    var generator = SystemRandomNumberGenerator()
    nonce = (0..<4).map { _ in String(generator.next(), radix: 36) }.joined()
    picture = ReportPicture(layout, zone: zone)
    hasPicture = !layout.report.lanes.isEmpty
    folded = layout.foldedText
    let all = ReportTables(layout: layout, zone: zone).all
    tables = all.map(Table.init)
    legend = Self.legend(layout)
    data = ReportData(layout: layout, tables: all, start: verdict?.start, zone: zone).text
  }

  private static func legend(_ layout: ReportLayout) -> [Legend] {
    layout.shownTypes.map { type in
      let namespaces = layout.report.namespaces.indices.filter {
        layout.report.namespaces[$0].namespace.type == layout.report.types[type]
      }
      let rest = namespaces.count - mostEntries
      return Legend(
        type: layout.report.types[type].name,
        entries: namespaces.prefix(mostEntries).map { index in
          let mark = layout.marks[index]
          return .init(
            style: mark.colour.map { "\($0)" } ?? "i", letter: mark.letter,
            name: layout.report.namespaces[index].namespace.text)
        }, more: rest > 0 ? "and \(rest) more, in the table of namespaces" : nil)
    }
  }

  /// Returns the page.
  func html() -> String {
    let text = String(decoding: PackageResources.report_mustache, as: UTF8.self)
    return ReportTemplate(text).render(self)
  }
}

/// The verdict on top of a report.
struct ReportVerdict {
  /// The verdict in one word, which chooses the colour.
  let word: String
  let headline: String
  let lines: [String]
  let columns: [String]
  let rows: [Row]
  let notes: [String]

  struct Row {
    let style: String
    let cells: [String]
  }
  let hasRows: Bool
  /// The time of what the verdict names first, at which the cursor of the page is at first; nil for none.
  let start: WallTime?

  init(
    word: String, headline: String, lines: [String], columns: [String], rows: [Row],
    notes: [String], start: WallTime?
  ) {
    self.word = word
    self.headline = headline
    self.lines = lines
    self.columns = columns
    self.rows = rows
    self.notes = notes
    hasRows = !rows.isEmpty
    self.start = start
  }
}
