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
