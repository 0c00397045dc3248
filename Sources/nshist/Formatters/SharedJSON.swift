internal import NSHistory
internal import NamespaceModel

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
    ])
  }
}

/// Formats the same answer as CSV: one record for each visit, and one for each type without visits.
struct SharedCSV {
  let answer: SharedAnswer
  let given: [String]

  var csv: String {
    let header = [
      "type", "verdict", "evidence", "reason", "group", "pid", "tid", "comm", "other_group",
      "other_pids", "other_count", "inode", "id", "initial", "from", "until", "began", "ended",
    ]
    return ([header] + answer.types.flatMap(rows)).map(DelimitedText.csv).joined()
  }

  private func rows(_ line: SharedAnswer.TypeAnswer) -> [[String]] {
    let head = [
      line.type.name, line.verdict.rawValue, line.isExact ? "exact" : "sampled",
      line.reason?.rawValue ?? "",
    ]
    if line.visits.isEmpty { return [head + Array(repeating: "", count: 14)] }
    return line.visits.map { visit in
      let evidence = visit.isExact ? "exact" : "sampled"
      return [line.type.name, line.verdict.rawValue, evidence, ""] + fields(visit)
    }
  }

  private func fields(_ visit: SharedAnswer.Visit) -> [String] {
    [
      SystemText.sanitized(given[visit.group]), visit.process.map { String($0.pid) } ?? "",
      visit.process?.tid.map { String($0) } ?? "", visit.process?.comm ?? "",
      SystemText.sanitized(given[visit.otherGroup]),
      visit.others.map { String($0.pid) }.joined(separator: " "), String(visit.otherCount),
      String(visit.namespace.inode), visit.namespace.kernelID.map { String($0) } ?? "",
      visit.namespace.isInitial.map { String($0) } ?? "", TimeFormat.utc(visit.from),
      TimeFormat.utc(visit.until), visit.beginning.rawValue, visit.end.rawValue,
    ]
  }
}
