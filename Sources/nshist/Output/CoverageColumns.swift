internal import NSHistory

/// The columns of what was recorded, and what was not.
enum CoverageColumns {
  typealias Row = CoveragePeriod

  static func all(_ zone: TimeZoneChoice) -> [Column<Row>] {
    [
      TimeColumns.time("from", zone) { $0.from },
      TimeColumns.time("until", zone) { $0.until },
      Column(
        "length", "FOR", in: [.table],
        cell: { row in
          .init(text: TimeFormat.duration(row.until &- row.from))
        }
      ) { .integer($0.until &- $0.from) },
      Column(
        "period",
        cell: { row in
          .init(
            text: row.recorded == nil ? "gap" : "recorded",
            colour: row.recorded == nil ? .yellow : .green)
        }
      ) { .string($0.recorded == nil ? "gap" : "recorded") },
      Column("missing", "WHY", in: .data) { row in
        .optional(row.missing) { .string($0.words) }
      },
      Column("samples") { .optional($0.recorded) { .integer($0.samples) } },
      Column(
        "interval",
        cell: { row in
          .init(text: row.recorded.map { TimeFormat.duration($0.interval) } ?? "")
        }
      ) { .optional($0.recorded) { .seconds($0.interval) } },
      Column("denied") { .optional($0.recorded) { .integer($0.denied) } },
      Column("hides_processes", in: .data) {
        .optional($0.recorded) { .bool($0.hidesProcesses) }
      },
      Column("session", in: .data) { .optional($0.recorded) { .integer($0.session) } },
      Column("state", "", cell: { .init(text: words($0)) }) {
        .optional($0.recorded) { .string($0.state) }
      },
      Column("boot", in: .data) { .optional($0.recorded) { .string($0.boot) } },
      Column("pid_namespace", in: .data) {
        .optional($0.recorded?.pidNamespaceInode, JSON.unsigned)
      },
    ]
  }

  private static func words(_ row: Row) -> String {
    guard let recorded = row.recorded else { return row.missing?.words ?? "" }
    let hidden = recorded.hidesProcesses ? ", processes may have been hidden" : ""
    return "session \(recorded.session), \(recorded.state)\(hidden)"
  }
}

/// Whether a moment can be answered about, in words.
struct CoverageWords {
  let time: Int64
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
    let answer =
      coverage.isCovered
      ? "The history can answer what was then."
      : "The history cannot answer what was then: \(why)."
    let hidden =
      coverage.hidesProcesses
      ? ["Processes could be there and not be seen (hidepid): who is not recorded is not absent."]
      : []
    return MomentWords(time: time, samples: coverage.samples, zone: zone).lines + [answer] + hidden
  }

  private var why: String {
    coverage.samples.lazy.compactMap(\.missing).first?.words ?? "no sample is recorded"
  }
}
