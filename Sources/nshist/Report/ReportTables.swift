internal import NSHistory
internal import NamespaceModel

/// A table of a report: cells of text, and for each row the place in the picture that it is about. The page shows the
/// first rows without the script, and all of them with it.
struct ReportTable {
  let id: String
  let title: String
  let note: String?
  let columns: [String]
  let rows: [Row]

  struct Row {
    let cells: [String]
    /// The time that the row leads to.
    var time: WallTime?
    /// The index of a lane in the report.
    var lane: Int?
    /// The index of a namespace in the report.
    var namespace: Int?
    /// The index of a group.
    var group: Int?
  }
}

/// Makes the tables of a report.
struct ReportTables {
  private let layout: ReportLayout
  private let zone: TimeZoneChoice

  init(layout: ReportLayout, zone: TimeZoneChoice) {
    self.layout = layout
    self.zone = zone
  }

  private var report: HistoryReport { layout.report }
  private var uses: NamespaceUses { layout.uses }

  var all: [ReportTable] {
    [containers, namespaces, processes, changes, gaps].filter { !$0.rows.isEmpty }
  }

  private func show(_ time: WallTime?) -> String {
    time.map { TimeFormat.localTime($0, zone) } ?? ""
  }

  private var processes: ReportTable {
    let rows = layout.order.map { index -> ReportTable.Row in
      let lane = report.lanes[index]
      let process = lane.process
      return .init(
        cells: [
          process.number.description, process.shownName, process.shownUsers,
          process.container?.label ?? "", process.shownParents, show(process.firstSeen),
          process.isOpen ? "still there" : show(process.lastSeen), lane.isNamed ? "yes" : "",
        ], time: process.firstSeen, lane: index)
    }
    return ReportTable(
      id: "processes", title: "Processes", note: nil,
      columns: [
        "PID", "COMM", "UID", "CONTAINER", "PARENT", "FIRST SEEN", "LAST SEEN", "ASKED FOR",
      ],
      rows: rows)
  }

  private var changes: ReportTable {
    let columns = ChangeColumns.all(zone).filter { $0.formats.contains(.table) }
    return ReportTable(
      id: "changes", title: "Who joined, left or made a namespace",
      note: report.leavesOutChanges ? "There are more changes than these." : nil,
      columns: columns.map(\.title),
      rows: report.changes.map { change in
        let row = ChangeRow(change: change, parts: change.parts)
        return .init(
          cells: columns.map { $0.cell(row).text }, time: change.by,
          lane: layout.lane(of: change))
      })
  }

  private var gaps: ReportTable {
    ReportTable(
      id: "gaps", title: "Gaps", note: "Nothing is known of these times.",
      columns: ["FROM", "UNTIL", "CAUSE"],
      rows: report.gaps.map { gap in
        .init(cells: [show(gap.from), show(gap.until), gap.missing.words], time: gap.from)
      })
  }

  private var namespaces: ReportTable {
    let rows = report.namespaces.indices.map { index -> ReportTable.Row in
      let one = report.namespaces[index]
      let summary = one.summary
      let maker = summary?.maker.map { "\($0.isCertain ? "" : "perhaps ")\($0.process.label)" }
      let pins = summary.map { Set($0.pins.map(\.text)).sorted() } ?? []
      let pinText =
        pins.prefix(2).joined(separator: ", ")
        + (pins.count > 2 ? " and \(pins.count - 2) more" : "")
      return .init(
        cells: [
          one.namespace.type.name, layout.marks[index].letter, one.namespace.text,
          "\(uses.lanes[index].count)", show(summary?.firstSeen), show(summary?.lastSeen),
          maker ?? "", one.owner.map { report.namespaces[$0].namespace.text } ?? "", pinText,
        ], time: summary?.firstSeen, namespace: index)
    }
    return ReportTable(
      id: "namespaces", title: "Namespaces", note: nil,
      columns: [
        "TYPE", "LETTER", "NAMESPACE", "LANES", "FIRST SEEN", "LAST SEEN", "MADE BY", "OWNER",
        "PINS",
      ], rows: rows)
  }

  private var containers: ReportTable {
    let rows = layout.groups.indices.compactMap { group -> ReportTable.Row? in
      guard let container = layout.groups[group].container else { return nil }
      let lanes = report.lanes.indices.filter { layout.groupOfLane[$0] == group }
      let own = Set(report.namespaces.indices.filter { uses.home[$0] == group })
      let used = report.namespaces.indices.filter { !uses.lanes[$0].isDisjoint(with: lanes) }
      return .init(
        cells: [
          container.text, container.image ?? "",
          "\(lanes.count { report.lanes[$0].process.tid == nil })",
          types(own), sharedWithHost(used, own),
          sharers(group, used), visitors(group, own),
        ], time: lanes.map { report.lanes[$0].process.firstSeen }.min(), lane: lanes.first,
        group: group)
    }
    return ReportTable(
      id: "containers", title: "Containers",
      note:
        """
        As far as the processes on this page show it. The tools that an engine runs to set a container up are in \
        namespaces of the host for a moment, and count among those who entered from outside.
        """,
      columns: [
        "CONTAINER", "IMAGE", "PROCESSES", "ITS OWN", "SHARED WITH THE HOST", "SHARED WITH",
        "ENTERED FROM OUTSIDE BY",
      ], rows: rows)
  }

  /// Returns the types in which processes of a container were in the host's namespace; last those in which it has its
  /// own one too.
  private func sharedWithHost(_ used: [Int], _ own: Set<Int>) -> String {
    let host = used.filter { report.namespaces[$0].namespace.isInitial == true }
    let ownTypes = Set(own.map { report.namespaces[$0].namespace.type })
    let always = host.filter { !ownTypes.contains(report.namespaces[$0].namespace.type) }
    let atTimes = host.filter { ownTypes.contains(report.namespaces[$0].namespace.type) }
    return [types(always), atTimes.isEmpty ? "" : "at times \(types(atTimes))"]
      .filter { !$0.isEmpty }.joined(separator: "; ")
  }

  private func types(_ namespaces: some Sequence<Int>) -> String {
    let types = Set(namespaces.map { report.namespaces[$0].namespace.type })
    return NamespaceType.allCases.filter(types.contains).map(\.name).joined(separator: ", ")
  }

  /// Returns the other containers whose processes were in a namespace, not initial, of this one's processes.
  private func sharers(_ group: Int, _ used: [Int]) -> String {
    var shared: [Int: [Int]] = [:]
    for index in used where report.namespaces[index].namespace.isInitial != true {
      for other in Set(uses.lanes[index].map { layout.groupOfLane[$0] })
      where other != group && layout.groups[other].container != nil {
        shared[other, default: []].append(index)
      }
    }
    return shared.keys.sorted().map { other in
      "\(layout.groups[other].container?.label ?? "") (\(types(shared[other] ?? [])))"
    }.joined(separator: ", ")
  }

  /// Returns the processes of no or of other containers that were in this one's own namespaces.
  private func visitors(_ group: Int, _ own: Set<Int>) -> String {
    var entered: [Int: [Int]] = [:]
    for index in own {
      for lane in uses.lanes[index] where layout.groupOfLane[lane] != group {
        entered[lane, default: []].append(index)
      }
    }
    let most = 6
    let shown = entered.keys.sorted().prefix(most).map { lane in
      "\(report.lanes[lane].process.label) (\(types(entered[lane] ?? [])))"
    }
    let rest = entered.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}

/// Which lanes were in which namespaces at some time.
struct NamespaceUses {
  /// For each namespace, the lanes.
  let lanes: [Set<Int>]
  /// For each namespace that is not initial, the group of the lane that was in it first.
  let home: [Int?]

  /// - Parameter groupOfLane: for each lane, the group of its container.
  init(_ report: HistoryReport, _ groupOfLane: [Int]) {
    var lanes: [Set<Int>] = Array(repeating: [], count: report.namespaces.count)
    var first: [WallTime?] = Array(repeating: nil, count: report.namespaces.count)
    var home: [Int?] = Array(repeating: nil, count: report.namespaces.count)
    let codes = report.states.map { Set($0.joined().filter { $0 >= 0 }) }
    for (index, lane) in report.lanes.enumerated() {
      for piece in lane.pieces {
        for code in codes[piece.states] {
          lanes[code].insert(index)
          guard report.namespaces[code].namespace.isInitial != true,
            first[code].map({ piece.from < $0 }) ?? true
          else { continue }
          first[code] = piece.from
          home[code] = groupOfLane[index]
        }
      }
    }
    self.lanes = lanes
    self.home = home
  }
}
