internal import NSHistory
internal import NamespaceModel

/// A row of the answer to `query shared`: a namespace type with all that was found of it, or with one visit.
final class SharedRow {
  let line: SharedAnswer.TypeAnswer
  let visit: SharedAnswer.Visit?

  private init(line: SharedAnswer.TypeAnswer, visit: SharedAnswer.Visit? = nil) {
    self.line = line
    self.visit = visit
  }

  /// Returns a row for each visit of a type, or one without a visit; if `grouped` is set, one for the type.
  static func rows(_ line: SharedAnswer.TypeAnswer, grouped: Bool) -> [SharedRow] {
    if grouped || line.visits.isEmpty { return [SharedRow(line: line)] }
    return line.visits.map { SharedRow(line: line, visit: $0) }
  }
}

/// The columns of the answer to `query shared`, in tables and in CSV.
struct SharedColumns {
  /// The groups as the user typed them.
  let given: [String]

  var all: [Column<SharedRow>] {
    [
      Column("type", in: [.table, .csv]) { .string($0.line.type.name) },
      Column(
        "verdict", in: [.table, .csv],
        cell: { .init(text: $0.line.verdict.rawValue, colour: Self.colour($0.line.verdict)) }
      ) { .string($0.line.verdict.rawValue) },
      Column(
        "evidence", in: [.table, .csv],
        cell: { .init(text: $0.line.verdict == .unknown ? "" : Self.evidence($0.line.isExact)) }
      ) { .string(Self.evidence($0.visit?.isExact ?? $0.line.isExact)) }.yielding(1),
      Column("reason", in: [.table, .csv]) { row in
        row.visit == nil ? .optional(row.line.reason) { .string($0.rawValue) } : .null
      }.yielding(1),
      Column("namespace", in: [.table], cell: { .init(text: Self.namespaces($0.line)) }) { _ in
        .null
      }.yielding(1),
      visit("group") { .string(SystemText.sanitized(given[$0.group])) },
      visit("pid") { .optional($0.process) { .integer($0.pid) } },
      visit("tid") { .optional($0.process?.tid, JSON.integer) },
      visit("comm") { .optional($0.process?.comm, JSON.string) },
      visit("other_group") { .string(SystemText.sanitized(given[$0.otherGroup])) },
      visit("other_pids") { .array($0.others.map { .integer($0.pid) }) },
      visit("other_count") { .integer(Int64($0.otherCount)) },
      visit("inode") { .unsigned($0.namespace.inode) },
      visit("id") { .optional($0.namespace.kernelID, JSON.unsigned) },
      visit("initial") { .optional($0.namespace.isInitial, JSON.bool) },
      visit("from") { .time($0.from) },
      visit("until") { .time($0.until) },
      visit("began") { .string($0.beginning.rawValue) },
      visit("ended") { .string($0.end.rawValue) },
    ]
  }

  /// Returns a CSV column with a value of the row's visit.
  private func visit(
    _ key: String, _ value: @escaping (SharedAnswer.Visit) -> JSON
  ) -> Column<SharedRow> {
    Column(key, in: [.csv]) { .optional($0.visit, value) }
  }

  private static func evidence(_ isExact: Bool) -> String { isExact ? "exact" : "sampled" }

  /// Returns the first of the namespaces that were shared, and the number of the others.
  private static func namespaces(_ line: SharedAnswer.TypeAnswer) -> String {
    guard line.verdict == .shared else { return "" }
    var known: Set<Int64> = []
    let shared = line.visits.map(\.namespace).filter { known.insert($0.id).inserted }
    let more = shared.count > 3 ? " and \(shared.count - 3) more" : ""
    return shared.prefix(3).map(\.text).joined(separator: ", ") + more
  }

  static func colour(_ verdict: SharedVerdict) -> Colour {
    switch verdict {
    case .shared: .green
    case .never: .red
    case .unknown: .yellow
    }
  }
}

/// Formats the answer to `query shared` as one JSON object that always has every key, and holds codes instead of
/// sentences.
struct SharedJSON {
  let answer: SharedAnswer
  /// The groups as the user typed them.
  let given: [String]
  let caveats: CaveatFormatter

  var json: JSON {
    .object([
      ("verdict", .string(answer.verdict.rawValue)), caveats.json,
      ("groups", .array(zip(given, answer.groups).map(group))),
      ("types", .array(answer.types.map(type))),
      ("in_several_groups", .array(answer.inSeveralGroups.map(\.json))),
      ("outsiders", .array(answer.outsiders.map(outsider))),
    ])
  }

  private func group(_ given: String, _ group: SharedAnswer.Group) -> JSON {
    .object([
      ("group", .string(SystemText.sanitized(given))),
      ("processes", .integer(Int64(group.processes))),
      ("by_namespaces", .integer(Int64(group.byNamespaces))),
      ("other_incarnations", .integer(Int64(group.otherIncarnations))),
    ])
  }

  private func type(_ line: SharedAnswer.TypeAnswer) -> JSON {
    .object([
      ("type", .string(line.type.name)), ("verdict", .string(line.verdict.rawValue)),
      ("evidence", .string(line.isExact ? "exact" : "sampled")),
      ("reason", .optional(line.reason) { .string($0.rawValue) }),
      ("visits", .array(line.visits.map(visit))),
      ("visit_count", .integer(Int64(line.visitCount))),
      ("unobserved", .array(line.unobserved.map(unobserved))),
    ])
  }

  private func visit(_ visit: SharedAnswer.Visit) -> JSON {
    .object([
      ("group", .integer(Int64(visit.group))), ("process", .optional(visit.process) { $0.json }),
      ("other_group", .integer(Int64(visit.otherGroup))),
      ("others", .array(visit.others.map(\.json))),
      ("other_count", .integer(Int64(visit.otherCount))), ("namespace", visit.namespace.json),
      ("from", .time(visit.from)), ("until", .time(visit.until)),
      ("began", .string(visit.beginning.rawValue)), ("ended", .string(visit.end.rawValue)),
      ("evidence", .string(visit.isExact ? "exact" : "sampled")),
    ])
  }

  private func unobserved(_ one: SharedAnswer.Unobserved) -> JSON {
    .object([
      ("reason", .string(one.reason.rawValue)), ("group", .integer(Int64(one.group))),
      ("process", .optional(one.process) { $0.json }), ("from", .time(one.from)),
      ("until", .time(one.until)), ("seconds", .seconds(one.length)),
    ])
  }

  private func outsider(_ one: SharedAnswer.Outsider) -> JSON {
    .object([
      ("process", one.process.json), ("group", .integer(Int64(one.group))),
      ("namespace", one.namespace.json), ("from", .time(one.from)), ("until", .time(one.until)),
      ("earlier_container", .optional(one.earlierContainer) { .string($0.id) }),
    ])
  }
}
