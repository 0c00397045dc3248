internal import NSHistory
internal import NamespaceModel

extension Comparison {
  /// The comparison as one JSON object that always has every key.
  var json: JSON {
    .object([
      ("verdict", .string(verdict.rawValue)),
      ("processes", .array(processes.map(\.json))),
      ("types", .array(types.map(json))),
      ("samples", .array(samples.map(\.json))),
      CaveatFormatter(caveats: caveats, zone: .utc).json,
      (
        "other_incarnations",
        .array(
          others.map {
            .object([("pid", .integer($0.pid)), ("count", .integer(Int64($0.count)))])
          })
      ),
      ("threads", .array(threads.map(\.json))),
    ])
  }

  private func json(_ line: TypeLine) -> JSON {
    .object([
      ("type", .string(line.type.name)), ("verdict", .string(line.verdict.rawValue)),
      ("evidence", .string(line.evidence.rawValue)),
      ("reason", .optional(line.reason) { .string($0.rawValue) }),
      (
        "reasons",
        .array(
          line.reasons.map {
            .object([
              ("pid", .integer($0.number.pid)), ("tid", .optional($0.number.tid, JSON.integer)),
              ("reason", .string($0.reason.rawValue)),
            ])
          })
      ),
      ("namespaces", .array(line.places.map { .object(json($0)) })),
      ("intervals", .array(line.intervals.map(json))),
      ("differed_at_times", .bool(line.differedAtTimes)),
      ("unknown_at_times", .optional(line.unknownAtTimes) { .string($0.rawValue) }),
    ])
  }

  private func json(_ place: Place) -> [(String, JSON)] {
    [
      ("inode", .unsigned(place.inode)), ("id", .optional(place.kernelID, JSON.unsigned)),
      ("initial", .optional(place.isInitial, JSON.bool)),
      ("pids", .array(Self.unique(numbers(of: place).map(\.pid)).map(JSON.integer))),
      // Indexes into the top-level list `processes`, because one PID may stand for several processes.
      ("processes", .array(place.processes.map { .integer(Int64($0)) })),
    ]
  }

  private func json(_ interval: Interval) -> JSON {
    .object(
      [
        ("from", .time(interval.from)), ("until", .time(interval.until)),
        ("open", .bool(interval.isOpen)),
      ] + json(interval.place))
  }
}

extension Comparison.Process {
  fileprivate var json: JSON {
    .object([
      ("pid", .integer(number.pid)), ("tid", .optional(number.tid, JSON.integer)),
      ("start", .optional(start) { .string(TimeFormat.start($0)) }),
      ("comm", .optional(comm, JSON.string)), ("uid", .optional(uid, JSON.integer)),
      ("first_seen", .time(firstSeen)), ("last_seen", .time(lastSeen)),
      ("container", .optional(container?.id, JSON.string)),
      ("container_name", .optional(container?.name, JSON.string)),
    ])
  }
}

extension SameAnswer.SampleGap {
  /// The samples before and after a moment as a JSON object.
  var json: JSON {
    .object([
      ("before", .time(before)), ("after", .time(after)),
      ("missing", .optional(missing) { .string($0.code) }), ("exact", .bool(isExact)),
    ])
  }
}

extension JSON {
  /// Returns a time, given in nanoseconds since the epoch, as RFC 3339 in UTC.
  static func time(_ nanoseconds: Int64?) -> JSON {
    optional(nanoseconds) { .string(TimeFormat.utc($0)) }
  }
}
