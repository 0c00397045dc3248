internal import NSHistory
internal import NamespaceModel

extension Comparison {
  /// One object, with every key always there.
  var json: JSON {
    .object([
      ("verdict", .string(verdict.rawValue)),
      ("processes", .array(processes.map(\.json))),
      ("types", .array(types.map(\.json))),
      ("samples", .array(samples.map(\.json))),
    ])
  }
}

extension Comparison.Process {
  fileprivate var json: JSON {
    .object([
      ("pid", .integer(pid)), ("start", .optional(start) { .string(TimeFormat.start($0)) }),
      ("comm", .string(comm)),
      ("uid", .optional(uid, JSON.integer)), ("first_seen", .time(firstSeen)),
      ("last_seen", .time(lastSeen)),
      // Known when containers are recorded.
      ("container", .null),
    ])
  }
}

extension Comparison.TypeLine {
  fileprivate var json: JSON {
    .object([
      ("type", .string(type.name)), ("verdict", .string(verdict.rawValue)),
      ("evidence", .string(evidence.rawValue)),
      ("reason", .optional(reason) { .string($0.rawValue) }),
      ("namespaces", .array(places.map(\.json))),
      ("intervals", .array(intervals.map(\.json))),
      ("differed_at_times", .bool(differedAtTimes)),
    ])
  }
}

extension Comparison.Place {
  fileprivate var json: JSON {
    .object([
      ("inode", .unsigned(inode)), ("id", .optional(kernelID, JSON.unsigned)),
      ("initial", .optional(isInitial, JSON.bool)),
      ("pids", .array(pids.map(JSON.integer))),
    ])
  }
}

extension Comparison.Interval {
  fileprivate var json: JSON {
    .object([
      ("from", .time(from)), ("until", .time(until)), ("open", .bool(isOpen)),
      ("inode", .unsigned(inode)), ("id", .optional(kernelID, JSON.unsigned)),
      ("processes", .array(processes.map { .integer(Int64($0)) })),
    ])
  }
}

extension SameAnswer.SampleGap {
  fileprivate var json: JSON {
    .object([
      ("before", .time(before)), ("after", .time(after)),
      ("missing", .optional(missing) { .string($0.words) }),
    ])
  }
}

extension JSON {
  /// A time in nanoseconds since the epoch, as RFC 3339 in UTC.
  static func time(_ nanoseconds: Int64?) -> JSON {
    optional(nanoseconds) { .string(TimeFormat.utc($0)) }
  }
}
