internal import NSHistory
internal import NamespaceModel

/// A row of a comparison: a namespace type with all that was found of it, or with one of its intervals or
/// namespaces.
struct ComparedRow {
  let line: Comparison.TypeLine
  var namespace: Comparison.Namespace?
  var interval: Comparison.Interval?
}

/// Prints a comparison: the verdict and the compared processes, a row for each type, and the notes on the evidence.
struct ComparisonListing {
  let comparison: Comparison
  let zone: TimeZoneChoice

  /// The largest number of PIDs that a line names.
  private static let mostPIDs = 20
  /// The largest number of intervals, and of processes, that the text lists.
  private static let mostLines = 40

  /// Prints the comparison on standard output.
  func print(_ format: AnswerFormat, on console: Console) throws(OutputError) {
    let output = try Output(console)
    // The document has an object for each type, which is no row of a listing.
    if format == .json {
      try output.write(comparison.json.pretty + "\n")
      return try output.finish()
    }
    let rows = format == .csv ? comparison.types.flatMap(Self.rows) : grouped
    let listing =
      output.isSeen
      ? Listing("types", columns, to: output, format)
      : Listing("types", wide: columns, showing: rows, to: output, format)
    try listing.begin([], lines: header(console.colours))
    _ = rows.allSatisfy(listing.add)
    try listing.end(lines: footer)
  }

  private var grouped: [ComparedRow] { comparison.types.map { ComparedRow(line: $0) } }

  /// Returns a row for each interval of a type; one for each namespace if the type has no interval.
  private static func rows(_ line: Comparison.TypeLine) -> [ComparedRow] {
    if !line.intervals.isEmpty {
      return line.intervals.map { ComparedRow(line: line, namespace: $0.namespace, interval: $0) }
    }
    if line.namespaces.isEmpty { return [ComparedRow(line: line)] }
    return line.namespaces.map { ComparedRow(line: line, namespace: $0) }
  }

  // MARK: The rows

  var columns: [Column<ComparedRow>] {
    [
      Column("type", in: [.table, .csv]) { .string($0.line.type.name) },
      Column(
        "verdict", in: [.table, .csv],
        cell: { Self.verdict($0.line) }
      ) { .string($0.line.verdict.rawValue) },
      Column(
        "evidence", in: [.table, .csv],
        cell: { .init(text: Self.evidence($0.line)) }
      ) { .string($0.line.evidence.rawValue) }.yielding(1),
      Column("reason", in: [.table, .csv], cell: { .init(text: reason($0.line)) }) {
        .optional($0.line.reason) { .string($0.rawValue) }
      }.yielding(2).beginningSentences,
      Column("reason_pids", in: [.csv]) { .array(Self.numbers($0.line).map(Self.json)) },
      Column("differed_at_times", in: [.csv]) { .bool($0.line.differedAtTimes) },
      Column("inode", in: [.csv]) { .optional($0.namespace?.inode, JSON.unsigned) },
      Column("id", in: [.csv]) { .optional($0.namespace?.kernelID, JSON.unsigned) },
      Column("initial", in: [.csv]) { .optional($0.namespace?.isInitial, JSON.bool) },
      Column("pids", in: [.csv]) {
        .array(($0.namespace.map(comparison.numbers(of:)) ?? []).map(Self.json))
      },
      Column("from", in: [.csv]) { .time($0.interval?.from) },
      Column("until", in: [.csv]) { .time($0.interval?.until) },
      Column("open", in: [.csv]) { .optional($0.interval?.isOpen, JSON.bool) },
      Column("together", in: [.table], cell: { .init(text: Self.together($0.line)) }) { _ in .null }
        .yielding(2).beginningSentences,
      Column("namespace", in: [.table], cell: { .init(text: namespaces($0.line)) }) { _ in .null }
        .yielding(1).flowing,
    ]
  }

  /// Returns the verdict of a type; for `same` also whether it held only at times, since the headline may say
  /// `different` because of the others.
  private static func verdict(_ line: Comparison.TypeLine) -> Table.Cell {
    guard line.isSameAtTimes else {
      return .init(text: line.verdict.rawValue, colour: colour(line.verdict))
    }
    return .init(text: "\(line.verdict.rawValue) at times", colour: colour(.unknown))
  }

  /// Returns the evidence of a verdict; none for an unknown one, which nothing proves.
  private static func evidence(_ line: Comparison.TypeLine) -> String {
    line.verdict == .unknown || line.namespaces.isEmpty ? "" : line.evidence.rawValue
  }

  private static func json(_ number: TaskNumber) -> JSON { .string(number.description) }

  /// Returns the PIDs and TIDs that the reason of a type applies to.
  private static func numbers(_ line: Comparison.TypeLine) -> [TaskNumber] {
    line.reasons.filter { $0.reason == line.reason }.map(\.number)
  }

  /// Returns why the answer for a type is unknown, and of which processes; for a type that is the same or unknown,
  /// also what it was at other times.
  private func reason(_ line: Comparison.TypeLine) -> String {
    if line.verdict == .different { return "" }
    let other =
      line.differedAtTimes
      ? "different at other times" : line.unknownAtTimes.map { "\($0.rawValue) at other times" }
    let whose = Self.numbers(line).map(\.description)
    let own = line.reason.map { reason in
      reason.rawValue + (whose.isEmpty ? "" : ": \(Self.list(whose))")
    }
    return [own, other].compactMap(\.self).joined(separator: "; ")
  }

  /// Returns the namespace that all processes shared, or the namespaces in which each was seen.
  private func namespaces(_ line: Comparison.TypeLine) -> String {
    if line.verdict == .same {
      return line.namespaces.map { Self.name($0, line.type) }.joined(separator: ", ")
    }
    return line.namespaces.map { namespace in
      let who = namespace.processes.map { label(comparison.processes[$0]) }.uniqued
      return "\(Self.list(who)) in \(Self.name(namespace, line.type))"
    }.joined(separator: "; ")
  }

  private static func name(_ namespace: Comparison.Namespace, _ type: NamespaceType) -> String {
    let id = namespace.kernelID.map { "#\($0)" } ?? ""
    return "\(type):[\(namespace.inode)]\(id)\(namespace.isInitial == true ? " (initial)" : "")"
  }

  /// Returns for how long all processes shared the type, and how many times.
  private static func together(_ line: Comparison.TypeLine) -> String {
    guard let last = line.intervals.last else { return "" }
    // The intervals of a damaged file may have any ends.
    let total = line.intervals.reduce(0) { $0 &+ max(0, $1.until &- $1.from) }
    let times = line.intervals.count > 1 ? ", \(line.intervals.count) times" : ""
    return TimeFormat.duration(total) + times + (last.isOpen ? ", and still" : "")
  }

  /// Returns the PID; if several processes had it, also the name and start time of this process.
  private func label(_ process: Comparison.Process) -> String {
    guard comparison.isSeveral(process.number) else { return process.number.description }
    let start = process.start.map { " of \(TimeFormat.localTime(start: $0, zone))" } ?? ""
    return "\(process.number) (\(process.comm ?? "?")\(start))"
  }

  /// Returns a list of PIDs, which names the first of a long list and counts the others.
  private static func list(_ names: [String]) -> String {
    let rest = names.count - mostPIDs
    return names.prefix(mostPIDs).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  private static func colour(_ verdict: Verdict) -> Colour {
    switch verdict {
    case .same: .green
    case .different: .red
    case .unknown: .yellow
    }
  }

  // MARK: The lines above the rows

  /// The headline, then a line for each process.
  func header(_ colours: Bool) -> [String] { [headline(colours)] + processes }

  private func headline(_ colours: Bool) -> String {
    let pids = comparison.numbers.map(\.description)
    let word = Self.colour(comparison.verdict).paint(comparison.verdict.rawValue, colours)
    if pids.isEmpty { return "\(word)  fewer than two processes match: \(tally)" }
    let who =
      comparison.who.map { "\($0): \(Self.shortened(pids))," }
      ?? (pids.count == 1 ? "PID \(pids[0])" : Self.shortened(pids))
    return "\(word)  \(who) \(comparison.time): \(tally)"
  }

  /// Returns the PIDs as text; of more than 20 PIDs, the first 20 and the number of the others.
  private static func shortened(_ pids: [String]) -> String {
    let shown = pids.prefix(pids.count > mostPIDs ? mostPIDs : pids.count - 1)
    let rest = pids.count - shown.count
    return
      "PIDs \(shown.joined(separator: ", ")) and \(rest > 1 ? "\(rest) more" : pids.last ?? "")"
  }

  /// The types by verdict, those that decide first: `different in net; unknown (gap) in uts; same in cgroup, ipc`.
  private var tally: String {
    var names: [String: [String]] = [:]
    var order: [String] = []
    func add(_ lines: [Comparison.TypeLine]) {
      for line in lines {
        let group = Self.group(line)
        if names[group] == nil { order.append(group) }
        names[group, default: []].append(line.type.name)
      }
    }
    add(comparison.types.filter { $0.verdict == .different })
    add(comparison.types.filter { $0.verdict == .same && $0.differedAtTimes })
    add(comparison.types.filter { $0.verdict == .unknown })
    add(comparison.types.filter { $0.verdict == .same && !$0.differedAtTimes })
    return order.map { group in
      let types = names[group] ?? []
      let all = types.count == comparison.types.count && types.count > 1
      return "\(group) in \(all ? "all" : types.joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  /// Returns the verdict of a type, with its reason and whether it held only at times.
  private static func group(_ line: Comparison.TypeLine) -> String {
    switch line.verdict {
    case .different: return "different"
    case .same:
      if line.differedAtTimes { return "different at times and same at others" }
      return line.unknownAtTimes.map { "same at times and unknown (\($0.rawValue)) at others" }
        ?? "same"
    case .unknown:
      let qualifiers =
        [line.reason?.rawValue].compactMap(\.self)
        + (line.differedAtTimes ? ["different at other times"] : [])
      return "unknown (\(qualifiers.joined(separator: "; ")))"
    }
  }

  private var processes: [String] {
    let rest = comparison.processes.count - Self.mostLines
    return comparison.processes.prefix(Self.mostLines).map(text)
      + (rest > 0 ? ["and \(rest) more processes: --format json has them all"] : [])
  }

  private func text(_ process: Comparison.Process) -> String {
    var line = "\(process.number): "
    switch process.comm {
    case nil: line += "(name not known)"
    case ""?: line += "(empty name)"
    case let name?: line += name
    }
    if let container = process.container { line += ", in \(container.text)" }
    if let uid = process.uid { line += ", uid \(uid)" }
    if let start = process.start { line += ", started \(TimeFormat.localTime(start: start, zone))" }
    if let first = process.firstSeen, let last = process.lastSeen {
      line +=
        ", recorded \(TimeFormat.localTime(first, zone)) to \(TimeFormat.localTime(last, zone))"
    }
    return line
  }

  // MARK: The lines below the rows

  /// The times together, the reasons and the notes.
  var footer: [String] {
    let blocks = [intervals, reasons + comparison.notes].filter { !$0.isEmpty }
    return Array(blocks.joined(separator: [""]))
  }

  /// The lines with the intervals in which the processes shared namespaces. Types with the same interval share a
  /// line.
  private var intervals: [String] {
    var order: [String] = []
    var types: [String: [String]] = [:]
    for line in comparison.types {
      let isOne = Set(line.intervals.map(\.namespace.inode)).count == 1
      for interval in line.intervals {
        let from = TimeFormat.localTime(interval.from, zone)
        let until = TimeFormat.localTime(interval.until, zone)
        let time =
          (interval.from == interval.until ? "at \(from)" : "from \(from) until \(until)")
          + (interval.isOpen ? " and still at the last sample" : "") + which(interval)
        if types[time] == nil { order.append(time) }
        types[time, default: []].append(
          line.type.name + (isOne ? "" : ":[\(interval.namespace.inode)]"))
      }
    }
    let shown = order.prefix(Self.mostLines).map {
      "together \($0): \(types[$0, default: []].joined(separator: ", "))"
    }
    let rest = order.count - shown.count
    return shown + (rest > 0 ? ["and \(rest) more times together: --format csv has them all"] : [])
  }

  /// Returns the processes of an interval whose PID several processes had, to say which of them is meant.
  private func which(_ interval: Comparison.Interval) -> String {
    let named = interval.namespace.processes.map { comparison.processes[$0] }
      .filter { comparison.isSeveral($0.number) }.map(label)
    return named.isEmpty ? "" : ", \(named.uniqued.joined(separator: ", "))"
  }

  /// A line for each reason in the table, with its meaning.
  private var reasons: [String] {
    comparison.types.flatMap { line in
      [line.verdict == .unknown ? line.reason : nil, line.unknownAtTimes].compactMap(\.self)
    }.uniqued.map { "\($0.rawValue): \(comparison.explain($0))." }
  }
}

extension Comparison.TypeLine {
  /// Whether the verdict `same` held only at some of the times asked about.
  var isSameAtTimes: Bool { verdict == .same && (differedAtTimes || unknownAtTimes != nil) }
}
