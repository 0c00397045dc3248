internal import NSHistory
internal import NamespaceModel

/// A comparison for a person: the verdict first, then a line a type, then what it rests on.
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
    var unique: [String] = []
    for pid in comparison.pids.map(String.init) where !unique.contains(pid) { unique.append(pid) }
    let who =
      unique.count == 1
      ? "PID \(unique[0])"
      : "PIDs \(unique.dropLast().joined(separator: ", ")) and \(unique.last ?? "")"
    let word = Self.colour(comparison.verdict).paint(comparison.verdict.rawValue, colours)
    return "\(word)  \(who) \(comparison.time): \(tally)"
  }

  /// `different in net; same in cgroup, ipc`.
  private var tally: String {
    [Verdict.different, .unknown, .same].compactMap { verdict in
      let names = comparison.types.filter { $0.verdict == verdict }.map(\.type.name)
      if names.isEmpty { return nil }
      let all = names.count == comparison.types.count && names.count > 1
      return "\(verdict.rawValue) in \(all ? "all" : names.joined(separator: ", "))"
    }.joined(separator: "; ")
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
    case .same: return line.places.map { name($0, line.type) }.joined(separator: ", ")
    case .different: return sides(line)
    case .unknown:
      let reason = line.reason.map { "\($0.rawValue): \(explain($0, line))" } ?? ""
      if line.differedAtTimes {
        return "\(reason) (different whenever both were seen: \(sides(line)))"
      }
      return line.places.isEmpty ? reason : "\(reason) (seen: \(sides(line)))"
    }
  }

  /// Whose the reason is, and what it means.
  private func explain(_ reason: UnknownReason, _ line: Comparison.TypeLine) -> String {
    var whose: [String] = []
    for (pid, its) in zip(comparison.pids.map(String.init), line.reasons)
    where its == reason && !whose.contains(pid) { whose.append(pid) }
    return (whose.isEmpty ? "" : "\(whose.joined(separator: ", ")), ") + reason.words
  }

  private func sides(_ line: Comparison.TypeLine) -> String {
    line.places.map { place in
      "\(place.pids.map(String.init).joined(separator: ", ")) in \(name(place, line.type))"
    }.joined(separator: "; ")
  }

  private func name(_ place: Comparison.Place, _ type: NamespaceType) -> String {
    let id = place.kernelID.map { " id \($0)" } ?? ""
    return "\(type):[\(place.inode)]\(id)\(place.isInitial == true ? " (initial)" : "")"
  }

  /// When they were together: types that were shared at the same times are one line each time.
  private var together: [String] {
    var order: [String] = []
    var types: [String: [String]] = [:]
    for line in comparison.types {
      for interval in line.intervals {
        let place = Set(line.intervals.map(\.inode)).count > 1 ? ":[\(interval.inode)]" : ""
        let time =
          "from \(TimeFormat.people(interval.from, zone))"
          + " until \(TimeFormat.people(interval.until, zone))"
          + (interval.isOpen ? " and still at the last sample" : "") + which(interval)
        if types[time] == nil { order.append(time) }
        types[time, default: []].append(line.type.name + place)
      }
    }
    return order.map { "together \($0): \(types[$0, default: []].joined(separator: ", "))" }
  }

  /// Of a PID that was several processes, which one.
  private func which(_ interval: Comparison.Interval) -> String {
    let named = interval.processes.map { comparison.processes[$0] }
      .filter { comparison.isSeveral($0.pid) }
      .map { "\($0.pid) started \($0.start.map { TimeFormat.people($0, zone) } ?? "then")" }
    return named.isEmpty ? "" : " (\(named.joined(separator: ", ")))"
  }

  private var processes: [String] {
    comparison.processes.map { process in
      var line = "\(process.pid): \(process.comm.isEmpty ? "(name not readable)" : process.comm)"
      if let uid = process.uid { line += ", uid \(uid)" }
      if let start = process.start { line += ", started \(TimeFormat.people(start, zone))" }
      if let first = process.firstSeen, let last = process.lastSeen {
        line += ", recorded \(TimeFormat.people(first, zone)) to \(TimeFormat.people(last, zone))"
      }
      return line
    }
  }

  private static func colour(_ verdict: Verdict) -> Colour {
    switch verdict {
    case .same: .green
    case .different: .red
    case .unknown: .yellow
    }
  }
}
