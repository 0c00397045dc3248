internal import NSHistory
internal import NamespaceModel

/// Arranges the lanes of a report: in groups by container, with the threads of a process below it, and with a letter
/// and a colour for each namespace. The static picture and the data of the page have the same arrangement.
struct ReportLayout {
  let report: HistoryReport
  /// The groups, in the order of the page.
  let groups: [Group]
  /// The groups of the lanes, and the lanes in the order of the page: each is the index in `report.lanes`.
  let order: [Int]
  /// The index in `report.lanes` of each process and thread, by its row.
  private let laneOf: [Int64: Int]
  /// For each lane of `report.lanes`, the index of its group.
  let groupOfLane: [Int]
  /// Which lanes were in which namespaces.
  let uses: NamespaceUses
  /// For each namespace of the report, its letter and colour.
  let marks: [Mark]
  /// The types that the picture shows: those in which the processes were seen in several namespaces, or in which a
  /// namespace could not be read.
  let shownTypes: [Int]
  /// For each lane that was only in the namespaces in which its group was most of its time: the type by whose row it is
  /// drawn, since the rows of all types look alike. Nil for any other lane.
  let plainTypes: [Int?]

  /// The processes of one container, those of no container that were in its namespaces, or the others of no container.
  struct Group {
    let container: ContainerRecord?
    /// The group of the container in whose namespaces these processes of no container were.
    var entered: Int?
    /// The heading of the group.
    let name: String

    init(_ container: ContainerRecord?) {
      self.container = container
      name = container?.text ?? Self.noContainer
    }

    init(entered group: Int, _ container: ContainerRecord) {
      self.container = nil
      entered = group
      name = "from outside, in namespaces of \(container.label)"
    }

    /// The container of the group as text.
    var containerName: String { container?.text ?? Self.noContainer }

    private static let noContainer = "no known container"
  }

  /// How the page marks a namespace.
  struct Mark {
    /// The letter, which no other namespace of the type has, but all initial ones have the same.
    let letter: String
    /// The number of the colour; nil for an initial namespace, which is grey.
    let colour: Int?
  }

  /// Returns the index of the lane of the process of a change; nil if it has none.
  func lane(of change: NamespaceChange) -> Int? { change.process.flatMap { laneOf[$0.id] } }

  init(_ report: HistoryReport) {
    self.report = report
    // A task has one lane.
    laneOf = Dictionary(
      report.lanes.indices.map { (report.lanes[$0].process.id, $0) }, uniquingKeysWith: { $1 })
    var groups: [Group] = []
    var indices: [String: Int] = [:]
    var groupOfLane: [Int] = []
    for lane in report.lanes {
      let container = lane.process.container
      let key = container.map { "\(lane.process.boot) \($0.id)" } ?? ""
      if indices[key] == nil {
        indices[key] = groups.count
        groups.append(Group(container))
      }
      groupOfLane.append(indices[key] ?? 0)
    }
    uses = NamespaceUses(report, groupOfLane)
    Self.groupVisitors(report, uses, &groups, &groupOfLane)
    self.groups = groups
    self.groupOfLane = groupOfLane
    order = Self.order(report.lanes, groupOfLane, groups)
    marks = Self.marks(report, groupOfLane)
    shownTypes = Self.shownTypes(report)
    plainTypes = Self.plainTypes(report, shownTypes, groupOfLane)
  }

  /// Gives the processes of no container that were in a container's own namespaces groups of their own, one a
  /// container: that of the first such namespace.
  private static func groupVisitors(
    _ report: HistoryReport, _ uses: NamespaceUses, _ groups: inout [Group],
    _ groupOfLane: inout [Int]
  ) {
    let containers = groups.map(\.container)
    var visitors: [Int: Int] = [:]
    for (index, lane) in report.lanes.enumerated() where lane.process.container == nil {
      let homes = lane.pieces.lazy.compactMap { piece in
        report.states[piece.states].joined().compactMap { $0 < 0 ? nil : uses.home[$0] }
          .filter { containers[$0] != nil }.min()
      }
      guard let home = homes.first, let container = containers[home] else { continue }
      let group = visitors[home] ?? groups.count
      if visitors[home] == nil {
        visitors[home] = group
        groups.append(Group(entered: home, container))
      }
      groupOfLane[index] = group
    }
  }

  /// Returns the lanes in the order of the page: the groups as they come first, each followed by the processes from
  /// outside that were in its namespaces, and the other processes of no container last.
  private static func order(
    _ lanes: [HistoryReport.TaskTimeline], _ groupOfLane: [Int], _ groups: [Group]
  ) -> [Int] {
    var first: [[Int64]: Int] = [:]
    for (index, lane) in lanes.enumerated() where lane.process.tid == nil {
      let key = [lane.process.boot, lane.process.pid]
      if first[key] == nil { first[key] = index }
    }
    func key(_ index: Int) -> [Int] {
      let process = lanes[index].process
      let number = groupOfLane[index]
      let group = groups[number]
      let leader = process.tid == nil ? index : first[[process.boot, process.pid]] ?? index
      return [
        group.container == nil && group.entered == nil ? 1 : 0, group.entered ?? number,
        group.entered == nil ? 0 : 1, leader, process.tid == nil ? 0 : 1, index,
      ]
    }
    return lanes.indices.map { (key($0), $0) }.sorted { $0.0.lexicographicallyPrecedes($1.0) }
      .map(\.1)
  }

  /// Chooses the letters and colours.
  private static func marks(_ report: HistoryReport, _ groupOfLane: [Int]) -> [Mark] {
    /// The first time at which a lane was in each namespace, with its group.
    var first: [(time: WallTime, group: Int)?] = Array(
      repeating: nil, count: report.namespaces.count)
    for (index, lane) in report.lanes.enumerated() {
      for piece in lane.pieces {
        for code in report.states[piece.states].joined() where code >= 0 {
          if first[code].map({ piece.from < $0.time }) ?? true {
            first[code] = (piece.from, groupOfLane[index])
          }
        }
      }
    }
    let order = report.namespaces.indices.sorted {
      (first[$0]?.time ?? .max, $0) < (first[$1]?.time ?? .max, $1)
    }
    var marks = Array(
      repeating: Mark(letter: "i", colour: nil), count: report.namespaces.count)
    var colours = NamespaceColours()
    var count: [NamespaceType: Int] = [:]
    for index in order where report.namespaces[index].namespace.isInitial != true {
      let type = report.namespaces[index].namespace.type
      let colour = colours.next(of: type, in: first[index]?.group ?? -1)
      marks[index] = Mark(letter: letter(count[type, default: 0]), colour: colour)
      count[type, default: 0] += 1
    }
    return marks
  }

  /// Returns the letter of a namespace: A to Z, then AA, AB and so on.
  private static func letter(_ number: Int) -> String {
    let last = Character(Unicode.Scalar(UInt8(65 + number % 26)))
    return number < 26 ? String(last) : letter(number / 26 - 1) + String(last)
  }

  private static func shownTypes(_ report: HistoryReport) -> [Int] {
    let used = Set(report.lanes.flatMap { $0.pieces.map(\.states) })
    let denied = HistoryReport.StateCode.unknown(.denied).rawValue
    let differing = report.types.indices.filter { type in
      var seen: Set<Int> = []
      for states in used {
        for row in states < report.states.count ? report.states[states] : [] {
          if row[type] >= 0 || row[type] == denied { seen.insert(row[type]) }
        }
      }
      return seen.count > 1 || seen.contains(denied)
    }
    if !differing.isEmpty { return differing }
    return report.types.firstIndex(of: .net).map { [$0] } ?? []
  }

  private static func plainTypes(
    _ report: HistoryReport, _ types: [Int], _ groupOfLane: [Int]
  ) -> [Int?] {
    // The namespaces of the types in each list of states: nil where not all of them are known, and empty where none is.
    let vectors = report.states.indices.map { states -> [Int]? in
      let codes = types.map { report.state(states, $0) }
      let known = codes.compactMap { $0.flatMap { $0 >= 0 ? $0 : nil } }
      return known.isEmpty || known.count == types.count ? known : nil
    }
    // For each group, how long its lanes were in each combination of namespaces.
    var lengths: [Int: [[Int]: Int64]] = [:]
    var ofLane: [Set<[Int]?>] = []
    for (index, lane) in report.lanes.enumerated() {
      var all: Set<[Int]?> = []
      for (number, piece) in lane.pieces.enumerated() {
        let vector = vectors[piece.states]
        all.insert(vector)
        guard let vector, !vector.isEmpty else { continue }
        // Processes of no container have nothing in common but the initial namespaces.
        if lane.process.container == nil,
          !vector.allSatisfy({ report.namespaces[$0].namespace.isInitial == true })
        {
          continue
        }
        let next =
          number + 1 < lane.pieces.count ? lane.pieces[number + 1].from : report.time?.upperBound
        let length = next.map { $0 &- piece.from } ?? 0
        lengths[groupOfLane[index], default: [:]][vector, default: 0] &+= length
      }
      ofLane.append(all)
    }
    let common = lengths.mapValues { all in
      all.max { ($0.value, $1.key.first ?? 0) < ($1.value, $0.key.first ?? 0) }?.key ?? []
    }
    return ofLane.enumerated().map { lane, all in
      guard let main = common[groupOfLane[lane]], types.count > 1,
        all.allSatisfy({ $0 == main || $0?.isEmpty == true })
      else { return nil }
      let own = main.firstIndex { report.namespaces[$0].namespace.isInitial != true }
      return types[own ?? 0]
    }
  }

  /// The sentence about the types that the picture does not show; nil if it shows all.
  var foldedText: String? {
    let hidden = report.types.indices.filter { !shownTypes.contains($0) }
    guard !hidden.isEmpty, !report.lanes.isEmpty else { return nil }
    let texts = hidden.map { type in
      let namespace = report.namespaces.first { $0.namespace.type == report.types[type] }
      return namespace?.namespace.text ?? report.types[type].name
    }
    return "Folded, since all were in one namespace wherever they were seen: "
      + texts.joined(separator: ", ") + "."
  }
}

extension HistoryReport {
  /// Returns the state of one type in a list of states: nil if the sample windows around the time disagree. Where the
  /// process was absent in each of them, whatever the reason, they do not.
  func state(_ index: Int, _ type: Int) -> Int? {
    let rows = states[index]
    guard let first = rows.first?[type] else { return StateCode.unknown(.notRecorded).rawValue }
    let isOne = rows.allSatisfy { row in
      row[type] == first || (DrawnState(row[type]) == .absent && DrawnState(first) == .absent)
    }
    return isOne ? first : nil
  }
}

/// A state of a link as the page draws it.
enum DrawnState: Hashable {
  /// The process was in a namespace, by its index.
  case namespace(Int)
  /// The process started, exited or moved at some moment in this time, which samples do not show.
  case unsure
  /// Where the link led is not known, for a reason.
  case unknown(UnknownReason)
  /// The process was not running, or nothing is drawn because the whole time is a gap.
  case absent

  init(_ code: Int?) {
    guard let code else {
      self = .unsure
      return
    }
    let reasons = UnknownReason.allCases
    switch code {
    case 0...: self = .namespace(code)
    case -100 ... -1:
      let reason = reasons[min(reasons.count - 1, -1 - code)]
      self = reason == .changedBetweenSamples ? .unsure : .unknown(reason)
    case -199 ... -101: self = .absent
    default: self = .unsure
    }
  }
}
