internal import NamespaceModel
internal import NSHistory

/// Formats the summary of a namespace: its times, its owner and maker, its pins, and what keeps it alive.
struct SummaryFormatter {
  let zone: TimeZoneChoice

  func line(_ summary: NamespaceSummary) -> String {
    var line = summary.namespace.text
    if let first = summary.firstSeen, let last = summary.lastSeen {
      line += ", seen \(show(first)) to \(show(last))"
    }
    if let owner = summary.owner { line += ", owned by \(owner.text)" }
    if let maker = summary.maker {
      line +=
        maker.isCertain
        ? ", made by the process \(maker.process.label)"
        : ", perhaps made by the process \(maker.process.label), the first that was reported in it"
    }
    if let uid = summary.ownerUID { line += ", made by \(UserName.text(uid))" }
    if let parent = summary.parent, parent != summary.owner { line += ", made in \(parent.text)" }
    let parts = [
      line, first(summary), PinFormatter.list(summary.pins, zone), references(summary.references),
    ]
    return parts.compactMap(\.self).joined(separator: "; ")
  }

  /// The first process that was seen in the namespace; nil if the summary has none.
  private func first(_ summary: NamespaceSummary) -> String? {
    guard let first = summary.firstProcess else { return nil }
    let parent = summary.parentOfFirst.map { " (child of \($0.label))" } ?? ""
    let container = first.container.map { " in \($0.text)" } ?? ""
    let time =
      summary.isFirstExact ? "exactly from the beginning of that time on" : "by a sample"
    let maker =
      summary.mayBeOlder
      ? "who made it is not known, because it may be older, or several processes entered it unobserved"
      : "the process that made it was not seen"
    return "\(maker): the first process seen in it was \(first.label)\(parent)\(container), \(time)"
  }

  private func references(_ references: NamespaceSummary.References) -> String {
    let what = [
      references.processes == 0
        ? nil : RecordingFormatter.count(references.processes, "process", "processes"),
      references.parents == 0
        ? nil
        : RecordingFormatter.count(references.parents, "process", "processes")
          + " whose children will start in it",
      references.namespaces == 0
        ? nil
        : RecordingFormatter.count(references.namespaces, "namespace", "namespaces")
          + " made in it or owned by it",
    ].compactMap(\.self)
    let pins =
      references.pins == 0
      ? nil : "in the last scan \(RecordingFormatter.count(references.pins, "pin", "pins"))"
    guard let last = what.last else {
      if let pins { return "\(pins) \(references.pins == 1 ? "keeps" : "keep") it" }
      return "as of the last sample nothing that is recorded keeps it"
    }
    let all = what.count < 2 ? last : "\(what.dropLast().joined(separator: ", ")) and \(last)"
    return "in the last sample \(all) \(isSingular(references) ? "keeps" : "keep") it"
      + (pins.map { ", \($0)" } ?? "")
  }

  private func isSingular(_ references: NamespaceSummary.References) -> Bool {
    references.processes + references.parents + references.namespaces == 1
  }

  func json(_ summary: NamespaceSummary) -> JSON {
    .object(
      [("type", .string(summary.namespace.type.name))] + summary.namespace.keys + [
        ("first_seen", .time(summary.firstSeen)), ("last_seen", .time(summary.lastSeen)),
        ("owner", .optional(summary.owner) { $0.json }),
        ("parent", .optional(summary.parent) { $0.json }),
        ("owner_uid", .optional(summary.ownerUID, JSON.integer)),
        ("maker", .optional(summary.maker) { $0.process.json }),
        ("maker_certain", .optional(summary.maker) { .bool($0.isCertain) }),
        ("first_process", .optional(summary.firstProcess) { $0.json }),
        ("first_process_parent", .optional(summary.parentOfFirst) { $0.json }),
        ("first_exact", .optional(summary.firstProcess) { _ in .bool(summary.isFirstExact) }),
        ("pins", .array(summary.pins.map { .object($0.keys) })),
        (
          "kept_by",
          .object([
            ("processes", .integer(Int64(summary.references.processes))),
            ("parents", .integer(Int64(summary.references.parents))),
            ("namespaces", .integer(Int64(summary.references.namespaces))),
            ("pins", .integer(Int64(summary.references.pins))),
          ])
        ),
      ])
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }
}
