internal import NSHistory
internal import NamespaceModel

/// A row about one segment of a timeline row (lane).
struct SegmentRow {
  let lane: TimelineRow
  let segment: TimelineRow.Segment

  static func rows(_ lanes: [TimelineRow], _ window: TimeWindow) -> [SegmentRow] {
    lanes.flatMap { lane in
      lane.segments.filter {
        $0.until >= window.since ?? Int64.min && $0.from <= window.until ?? Int64.max
      }.map { SegmentRow(lane: lane, segment: $0) }
    }
  }

  var namespace: NamespaceRecord? {
    if case .namespace(let namespace) = segment.state { namespace } else { nil }
  }

  var reason: UnknownReason? {
    if case .unknown(let reason) = segment.state { reason } else { nil }
  }
}

/// The columns of a timeline in JSON and CSV.
enum SegmentColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<SegmentRow>] {
    ProcessColumns.all { $0.lane.process } + [
      Column("type") { .string($0.lane.type.name) },
      TimeColumns.time("from", zone) { $0.segment.from },
      TimeColumns.time("until", zone) { $0.segment.until },
      Column("inode") { .optional($0.namespace?.inode, JSON.unsigned) },
      Column("id") { .optional($0.namespace?.kernelID, JSON.unsigned) },
      Column("initial") { .optional($0.namespace?.isInitial, JSON.bool) },
      Column("unknown") { .optional($0.reason) { .string($0.rawValue) } },
    ]
  }
}
