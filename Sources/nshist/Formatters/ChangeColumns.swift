internal import NSHistory
internal import NamespaceModel

/// A row about a change: with all its parts, or with one of them.
final class ChangeRow {
  let change: NamespaceChange
  let parts: [NamespaceChange.Part]

  init(change: NamespaceChange, parts: [NamespaceChange.Part]) {
    self.change = change
    self.parts = parts
  }

  /// Returns one row with all parts of the change; if `apart` is set, one row for each part.
  static func rows(_ change: NamespaceChange, apart: Bool) -> [ChangeRow] {
    guard apart else { return [ChangeRow(change: change, parts: change.parts)] }
    return change.parts.map { ChangeRow(change: change, parts: [$0]) }
  }
}

/// Prints the changes that the user wants, in a table one row for each act.
struct ChangePrinter {
  private let printer: RowPrinter<ChangeRow>
  private let apart: Bool
  private let isAsked: (NamespaceChange) -> Bool
  private var combiner: ChangeCombiner?

  /// - Parameters:
  ///   - apart: whether each part of a change is a row of its own.
  ///   - combines: whether changes that are one act are one row.
  ///   - isAsked: whether a change is to be printed.
  init(
    _ printer: RowPrinter<ChangeRow>, apart: Bool, combines: Bool,
    _ isAsked: @escaping (NamespaceChange) -> Bool
  ) {
    self.printer = printer
    self.apart = apart
    self.isAsked = isAsked
    combiner = combines ? ChangeCombiner() : nil
  }

  /// Adds a change. Returns false if no more rows are wanted.
  mutating func add(_ change: NamespaceChange) -> Bool {
    (combiner?.add(change) ?? [change]).allSatisfy(print)
  }

  /// Prints the changes that wait for further ones. Returns false if no more rows are wanted.
  mutating func finish() -> Bool {
    (combiner?.finish() ?? []).allSatisfy(print) && !printer.isFull
  }

  /// Writes the rows so far, so that the user sees them now.
  func flush() throws { try printer.flush() }

  /// Writes a line between the rows of a table; calls `otherwise` in a machine format.
  func note(_ line: String, otherwise: () -> Void) throws {
    try printer.note(line, otherwise: otherwise)
  }

  private func print(_ change: NamespaceChange) -> Bool {
    guard isAsked(change) else { return true }
    return printer.add(ChangeRow.rows(change, apart: apart), of: change.process)
  }
}

/// The columns of the listing of changes.
enum ChangeColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<ChangeRow>] {
    let containers: [Column<ChangeRow>] = ContainerColumns.all { $0.change.process }
      .filter { $0.key != "container" }
    return times(zone) + process + parts + containers
      + ProgramColumns.all { $0.change.process }
      + RelatedProcess.columns("joined") { $0.change.joined }
      + RelatedProcess.columns("parent") { $0.change.parent }
  }

  private static func times(_ zone: TimeZoneChoice) -> [Column<ChangeRow>] {
    [
      TimeColumns.time("time", zone) { $0.change.by },
      Column("after", in: .data) { .time($0.change.after) },
      Column("within", "PRECISION", cell: { .init(text: precision($0.change)) }) {
        .optional($0.change.within, JSON.seconds)
      }.yielding(4).usually(5),
      Column("exact", in: .data) { .bool($0.change.isExact) },
      Column("missing", in: .data) { row in
        .optional(row.change.missing) { .string($0.code) }
      },
    ]
  }

  private static var process: [Column<ChangeRow>] {
    [
      Column("pid", cell: { .init(text: $0.change.process?.number.description ?? "") }) {
        .optional($0.change.process) { .integer($0.pid) }
      }.usually(7),
      Column("tid", in: .data) { .optional($0.change.process?.tid, JSON.integer) },
      Column("start", in: .data) { row in
        .optional(row.change.process?.start) { .string(TimeFormat.start($0)) }
      },
      Column("comm", cell: { .init(text: $0.change.process?.shownNames ?? "") }) {
        .optional($0.change.process?.comm, JSON.string)
      }.usually(15),
      Column("container", cell: { .init(text: $0.change.process?.shownContainers ?? "") }) {
        .optional($0.change.process?.container?.id, JSON.string)
      }.yielding(1).usually(12),
      Column("disputed", in: .data) { row in
        .array((row.change.process?.disputed ?? []).map { .string($0.rawValue) })
      },
    ]
  }

  private static var parts: [Column<ChangeRow>] {
    [
      Column("change") { .string($0.change.kind.rawValue) }.usually(10),
      Column("marks", cell: { marks($0.change) }) {
        .array($0.change.marks.map { .string($0.rawValue) })
      }.yielding(2).beginningSentences.usually(14),
      Column("parts", "WHAT", in: [.table, .json], cell: what) { .array($0.parts.map(json)) }
        .flowing,
      Column("pin", in: [.json]) { .optional($0.change.pin) { .object($0.keys) } },
      part("link") { .string("\($0.link.fileName)") },
      part("how") { .string($0.how.rawValue) },
      part("from") { .optional($0.from) { .string($0.name) } },
      part("to") { .optional($0.to) { .string($0.name) } },
    ]
  }

  /// Returns a CSV column with a value of the row's only part.
  private static func part(
    _ key: String, _ value: @escaping (NamespaceChange.Part) -> JSON
  ) -> Column<ChangeRow> {
    Column(key, in: [.csv]) { .optional($0.parts.first, value) }
  }

  /// Returns how much earlier than its time the change may have happened.
  private static func precision(_ change: NamespaceChange) -> String {
    if change.isExact || change.within == 0 {
      return change.duration == 0
        ? "exact" : "exact, for \(TimeFormat.duration(change.duration))"
    }
    let gap = change.missing == nil ? "" : " (gap)"
    return change.within.map { "up to \(TimeFormat.duration($0)) earlier\(gap)" } ?? ""
  }

  private static func marks(_ change: NamespaceChange) -> Table.Cell {
    .init(
      text: change.marks.map(\.rawValue).joined(separator: ","),
      colour: change.marks.contains(.leftContainer)
        ? .red : change.marks.allSatisfy { $0 == .lastExit } ? .none : .yellow)
  }

  private static func what(_ row: ChangeRow) -> Table.Cell {
    NameDetail.cell([.inode, .type]) { ChangeFormatter(row: row, detail: $0).text }
  }

  private static func json(_ part: NamespaceChange.Part) -> JSON {
    .object([
      ("link", .string("\(part.link.fileName)")), ("how", .string(part.how.rawValue)),
      ("from", .optional(part.from) { $0.json }), ("to", .optional(part.to) { $0.json }),
    ])
  }
}

/// Describes a change for a person.
struct ChangeFormatter {
  let row: ChangeRow
  /// How much the text says of the identity of the namespaces.
  let detail: NameDetail

  /// The text of the change: `joined net:[4026532281]#4107 of 812 nginx`.
  var text: String {
    let change = row.change
    var order: [NamespaceChange.How] = []
    for part in row.parts where !order.contains(part.how) { order.append(part.how) }
    if row.parts.isEmpty { return "its namespaces could not be read" }
    let operations = order.map { how in
      "\(Self.text(how)) \(names(row.parts.filter { $0.how == how }, how))"
        + (how == .joined || how == .joinedOrNew ? Self.whose(change) : "")
    }
    let left = row.parts.filter { [.joined, .joinedOrNew, .inherited, .new].contains($0.how) }
      .compactMap(\.from).filter {
        $0.isInitial != true && [.moved, .returned].contains(change.kind)
      }
    let from =
      left.isEmpty ? "" : ", from \(left.map { $0.text(detail) }.joined(separator: ", "))"
    let link = change.process?.tid == nil ? "child" : "thread"
    let parent = change.parent.map { ", \(link) of \($0.label)" } ?? ""
    let pin = change.pin.map { " by \($0.text)" } ?? ""
    return operations.joined(separator: "; ") + from + parent + pin + emptied
  }

  /// In which of the namespaces that the process left no process remains.
  private var emptied: String {
    let change = row.change
    guard !change.emptied.isEmpty else { return "" }
    let left = Set(change.parts.compactMap(\.from).filter { $0.isInitial != true }.map(\.id))
    let names =
      left == Set(change.emptied.map(\.id))
      ? left.count == 1 ? "it" : "them"
      : change.emptied.map { $0.text(detail) }.joined(separator: ", ")
    return "; no process is left in \(names)"
  }

  private static func text(_ how: NamespaceChange.How) -> String {
    switch how {
    case .joinedOrNew: "new, or there before:"
    case .lastExit: "no process is left in"
    default: how.rawValue
    }
  }

  /// Returns the names of the namespaces. For the kinds `inherited`, `found`, `left` and `kept`, summarizes the
  /// initial namespaces without naming them.
  private func names(
    _ parts: [NamespaceChange.Part], _ how: NamespaceChange.How
  ) -> String {
    let detail = detail(how)
    guard [.inherited, .found, .left, .kept].contains(how) else {
      return parts.compactMap { Self.namespace($0, detail) }.joined(separator: ", ")
    }
    let special = parts.filter { ($0.to ?? $0.from)?.isInitial != true }
    if special.isEmpty { return "initial namespaces" }
    let rest = special.count < parts.count ? ", the rest initial" : ""
    return special.compactMap { Self.namespace($0, detail) }.joined(separator: ", ") + rest
  }

  /// Returns how much is said of the namespaces of one kind. The type alone says enough where the text names the
  /// process that was in them before, or another row names them.
  private func detail(_ how: NamespaceChange.How) -> NameDetail {
    guard detail == .type else { return detail }
    switch how {
    case .inherited, .left: return .type
    case .joined: return row.change.joined == nil ? .inode : .type
    default: return .inode
    }
  }

  private static func whose(_ change: NamespaceChange) -> String {
    guard let joined = change.joined else { return "" }
    let container = joined.container.map { " of container \($0.label)" } ?? ""
    return " of \(joined.label)\(container)"
  }

  private static func namespace(
    _ part: NamespaceChange.Part, _ detail: NameDetail
  ) -> String? {
    let namespace = (part.to ?? part.from)?.text(detail)
    return part.link == part.link.type.link
      ? namespace : namespace.map { "\(part.link.fileName) \($0)" }
  }
}
