internal import NamespaceModel
internal import NSHistory

/// The columns of the recorded periods and of the gaps between them.
enum CoverageColumns {
  typealias Row = CoveragePeriod

  static func all(_ zone: TimeZoneChoice) -> [Column<Row>] {
    [
      TimeColumns.time("from", zone) { $0.from },
      TimeColumns.time("until", zone) { $0.until },
      Column(
        "seconds", "FOR",
        cell: { row in
          .init(text: row.length.map(TimeFormat.duration) ?? "")
        }
      ) { .optional($0.length, JSON.seconds) },
      Column(
        "period",
        cell: { row in
          .init(text: name(row), colour: row.recorded == nil ? .yellow : .green)
        }
      ) { .string(name($0)) },
      Column("missing", in: .data) { row in
        .optional(missing(row)) { .string($0.code) }
      },
      Column("clock_step", in: .data) { .optional(step($0), JSON.signedSeconds) },
      Column("samples") { .optional($0.recorded) { .integer($0.samples) } }.yielding(3),
      Column("events") { row in .optional(row.recorded?.events ?? nil, JSON.integer) }.yielding(4),
      Column("disagreements", in: .data) {
        .optional($0.recorded) { .integer($0.disagreements) }
      },
      Column("disagreed", in: .data) {
        .optional($0.recorded) { .array($0.disagreed.map(json)) }
      },
      Column("folded", in: .data) { .optional($0.recorded) { .integer($0.folded) } },
      Column(
        "interval",
        cell: { row in
          .init(text: row.recorded.map { TimeFormat.duration($0.interval) } ?? "")
        }
      ) { .optional($0.recorded) { .seconds($0.interval) } }.yielding(5),
      Column("denied") { .optional($0.recorded) { .integer($0.denied) } }.yielding(2),
      Column("hides_processes", in: .data) {
        .optional($0.recorded) { .bool($0.hidesProcesses) }
      },
      Column("short_lived", in: .data) {
        .optional($0.recorded?.shortLived) { .string($0.rawValue) }
      },
      Column("session", in: .data) { .optional($0.recorded) { .integer($0.session) } },
      Column("state", cell: { .init(text: text($0)) }) {
        .optional($0.recorded) { .string($0.state) }
      }.flowing,
      Column("boot", in: .data) { .optional($0.recorded) { .string($0.boot) } },
      Column("pid_namespace", in: .data) {
        .optional($0.recorded?.pidNamespaceInode, JSON.unsigned)
      },
    ]
  }

  private static func name(_ row: Row) -> String {
    switch row.kind {
    case .recorded: "recorded"
    case .gap: "gap"
    case .clockSet: "clock-set"
    }
  }

  private static func missing(_ row: Row) -> MissingSamples? {
    if case .gap(let missing) = row.kind { missing } else { nil }
  }

  private static func step(_ row: Row) -> Int64? {
    if case .clockSet(let step) = row.kind { step } else { nil }
  }

  /// Returns the names of the first processes whose sampled state contradicted the events.
  private static func names(_ recorded: CoveragePeriod.Recorded) -> String {
    let shown = recorded.disagreed.prefix(3).map { one in
      let name = one.comm.map { " (\($0))" } ?? ""
      let what =
        switch one.kind {
        case .elsewhere: one.types.map(\.type.name).joined(separator: " ")
        case .startNotReported: "start"
        case .exitNotReported: "exit"
        }
      return "PID \(one.pid)\(one.tid.map { "/\($0)" } ?? "")\(name) \(what)"
    }
    let more = recorded.disagreements - Int64(shown.count)
    return shown.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  private static func json(_ one: DisagreementRecord) -> JSON {
    let kind =
      switch one.kind {
      case .elsewhere: "elsewhere"
      case .startNotReported: "start-not-reported"
      case .exitNotReported: "exit-not-reported"
      }
    return .object([
      ("time", .time(one.time)), ("pid", .integer(one.pid)),
      ("tid", .optional(one.tid, JSON.integer)), ("comm", .optional(one.comm, JSON.string)),
      ("kind", .string(kind)), ("types", .array(one.types.map(json))),
    ])
  }

  private static func json(_ one: DisagreementRecord.Difference) -> JSON {
    .object([
      ("type", .string(one.type.name)),
      ("reported", .optional(one.reported?.inode, JSON.unsigned)),
      ("sampled", .optional(one.sampled?.inode, JSON.unsigned)),
    ])
  }

  private static func text(_ row: Row) -> String {
    switch row.kind {
    case .gap(let missing): return missing.words
    case .clockSet(let step):
      let way = step < 0 ? "back" : "forward"
      return "the clock was set \(way) by \(TimeFormat.duration(step)); no sample is missing"
    case .recorded(let recorded):
      let hidden = recorded.hidesProcesses ? ", processes may have been hidden" : ""
      let disagreed =
        recorded.disagreements == 0
        ? ""
        : ", \(RecordingFormatter.count(Int(recorded.disagreements), "process", "processes"))"
          + " differed from what events had reported: \(names(recorded))"
      let folded =
        recorded.folded == 0
        ? ""
        : ", \(RecordingFormatter.count(Int(recorded.folded), "change", "changes"))"
          + " of namespaces left out (too many of one task)"
      let leftOut =
        switch recorded.shortLived {
        case .changed?: ", short-lived processes that did not change namespaces left out"
        case ShortLived.none?: ", short-lived processes left out"
        case .all?, nil: ""
        }
      let state =
        recorded.state == "unknown-end" ? "open when the file was copied" : recorded.state
      return
        "session \(recorded.session), \(state)\(hidden)\(leftOut)\(disagreed)\(folded)"
    }
  }
}

/// Formats whether the history can answer questions about a moment.
struct CoverageFormatter {
  let time: WallTime
  let coverage: CoverageAtMoment
  let zone: TimeZoneChoice

  var json: [(String, JSON)] {
    [
      ("at", .time(time)), ("covered", .bool(coverage.isCovered)),
      ("hides_processes", .bool(coverage.hidesProcesses)),
      ("samples", .array(coverage.samples.map(\.json))),
    ]
  }

  var lines: [String] {
    let isPartial = coverage.samples.contains(where: \.leavesOutProcesses)
    let answer =
      coverage.isCovered
      ? "The history covers this moment\(isPartial ? ", except for omitted processes" : "")."
      : "The history does not cover this moment: \(why)."
    return MomentFormatter(time: time, samples: coverage.samples, zone: zone).lines + [answer]
  }

  private var why: String {
    coverage.samples.lazy.compactMap(\.missing).first?.words ?? "no sample is recorded"
  }
}
