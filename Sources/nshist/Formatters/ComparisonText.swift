internal import NSHistory
internal import NamespaceModel

/// Formats a comparison for a person: first the verdict, then a line for each type, then the evidence.
struct ComparisonText {
  let comparison: Comparison
  let zone: TimeZoneChoice
  let colours: Bool

  var text: String {
    var text = headline + "\n\n" + types.text(colours: colours)
    if !together.isEmpty { text += "\n" + together.joined(separator: "\n") + "\n" }
    let rest = processes + comparison.notes
    if !rest.isEmpty { text += "\n" + rest.joined(separator: "\n") + "\n" }
    return text
  }

  private var headline: String {
    let pids = comparison.numbers.map(\.description)
    let word = Self.colour(comparison.verdict).paint(comparison.verdict.rawValue, colours)
    if pids.isEmpty { return "\(word)  fewer than two processes match: \(tally)" }
    let who =
      comparison.who.map { "\($0): \(few(pids))," }
      ?? (pids.count == 1
        ? "PID \(pids[0])" : few(pids))
    return "\(word)  \(who) \(comparison.time): \(tally)"
  }

  /// Returns the PIDs as text; of more than 20 PIDs, the first 20 and the number of the others.
  private func few(_ pids: [String]) -> String {
    let shown = pids.prefix(pids.count > Self.mostPIDs ? Self.mostPIDs : pids.count - 1)
    let rest = pids.count - shown.count
    return
      "PIDs \(shown.joined(separator: ", ")) and \(rest > 1 ? "\(rest) more" : pids.last ?? "")"
  }

  private static let mostPIDs = 20

  /// The types by verdict: `different in net; unknown (gap) in uts; same in cgroup, ipc`.
  private var tally: String {
    var order: [String] = []
    var names: [String: [String]] = [:]
    for verdict in [Verdict.different, .unknown, .same] {
      for line in comparison.types where line.verdict == verdict {
        let group = Self.group(line)
        if names[group] == nil { order.append(group) }
        names[group, default: []].append(line.type.name)
      }
    }
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
      if line.differedAtTimes { return "same at times and different at others" }
      return line.unknownAtTimes.map { "same at times and unknown (\($0.rawValue)) at others" }
        ?? "same"
    case .unknown:
      let qualifiers =
        [line.reason?.rawValue].compactMap(\.self)
        + (line.differedAtTimes ? ["different at other times"] : [])
      return "unknown (\(qualifiers.joined(separator: "; ")))"
    }
  }

  private var types: Table {
    var table = Table(["TYPE", "VERDICT", "WHERE"])
    for line in comparison.types {
      table.add([
        .init(text: line.type.name),
        .init(text: line.verdict.rawValue, colour: Self.colour(line.verdict)),
        .init(text: place(line)),
      ])
    }
    return table
  }

  private func place(_ line: Comparison.TypeLine) -> String {
    switch line.verdict {
    case .same:
      let shared = line.places.map { name($0, line.type) }.joined(separator: ", ")
      if line.differedAtTimes { return "\(shared), at times; different at others" }
      return line.unknownAtTimes.map {
        "\(shared), at times; at others unknown: \(comparison.words($0))"
      } ?? shared
    case .different: return sides(line)
    case .unknown:
      let reason = line.reason.map { "\($0.rawValue): \(explain($0, line))" } ?? ""
      if line.places.isEmpty { return reason }
      return
        "\(reason) (\(line.differedAtTimes ? "at other times different" : "seen"): \(sides(line)))"
    }
  }

  /// Returns the PIDs that a reason applies to, and the meaning of the reason.
  private func explain(_ reason: UnknownReason, _ line: Comparison.TypeLine) -> String {
    let whose = line.reasons.filter { $0.reason == reason }.map { $0.number.description }
    return (whose.isEmpty ? "" : "\(whose.joined(separator: ", ")), ") + comparison.words(reason)
  }

  private func sides(_ line: Comparison.TypeLine) -> String {
    line.places.map { place in
      let who = Comparison.unique(place.processes.map { label(comparison.processes[$0]) })
      return "\(who.joined(separator: ", ")) in \(name(place, line.type))"
    }.joined(separator: "; ")
  }

  /// Returns the PID; if several processes had it, also the name and start time of this process.
  private func label(_ process: Comparison.Process) -> String {
    guard comparison.isSeveral(process.number) else { return process.number.description }
    let start = process.start.map { " of \(TimeFormat.localTime(start: $0, zone))" } ?? ""
    return "\(process.number) (\(process.comm ?? "?")\(start))"
  }

  private func name(_ place: Comparison.Place, _ type: NamespaceType) -> String {
    let id = place.kernelID.map { "#\($0)" } ?? ""
    return "\(type):[\(place.inode)]\(id)\(place.isInitial == true ? " (initial)" : "")"
  }

  /// The lines with the intervals in which the processes shared namespaces. Types with the same interval share a
  /// line.
  private var together: [String] {
    var order: [String] = []
    var types: [String: [String]] = [:]
    for line in comparison.types {
      let isOne = Set(line.intervals.map(\.place.inode)).count == 1
      for interval in line.intervals {
        let from = TimeFormat.localTime(interval.from, zone)
        let until = TimeFormat.localTime(interval.until, zone)
        let time =
          (interval.from == interval.until ? "at \(from)" : "from \(from) until \(until)")
          + (interval.isOpen ? " and still at the last sample" : "") + which(interval)
        if types[time] == nil { order.append(time) }
        types[time, default: []].append(
          line.type.name + (isOne ? "" : ":[\(interval.place.inode)]"))
      }
    }
    let shown = order.prefix(Self.mostTimes).map {
      "together \($0): \(types[$0, default: []].joined(separator: ", "))"
    }
    let rest = order.count - shown.count
    return shown + (rest > 0 ? ["and \(rest) more times together: --format csv has them all"] : [])
  }

  /// The largest number of intervals, and of processes, that the text lists.
  private static let mostTimes = 40

  /// Returns the processes of an interval whose PID several processes had, to say which of them is meant.
  private func which(_ interval: Comparison.Interval) -> String {
    let named = interval.place.processes.map { comparison.processes[$0] }
      .filter { comparison.isSeveral($0.number) }.map(label)
    return named.isEmpty ? "" : ", \(Comparison.unique(named).joined(separator: ", "))"
  }

  private var processes: [String] {
    let rest = comparison.processes.count - Self.mostTimes
    return comparison.processes.prefix(Self.mostTimes).map(words)
      + (rest > 0 ? ["and \(rest) more processes: --format json has them all"] : [])
  }

  private func words(_ process: Comparison.Process) -> String {
    var line = "\(process.number): "
    switch process.comm {
    case nil: line += "(name not known)"
    case ""?: line += "(empty name)"
    case let name?: line += name
    }
    if let container = process.container { line += ", in \(container.words)" }
    if let uid = process.uid { line += ", uid \(uid)" }
    if let start = process.start { line += ", started \(TimeFormat.localTime(start: start, zone))" }
    if let first = process.firstSeen, let last = process.lastSeen {
      line +=
        ", recorded \(TimeFormat.localTime(first, zone)) to \(TimeFormat.localTime(last, zone))"
    }
    return line
  }

  private static func colour(_ verdict: Verdict) -> Colour {
    switch verdict {
    case .same: .green
    case .different: .red
    case .unknown: .yellow
    }
  }
}
