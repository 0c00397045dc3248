internal import ArgumentParser
internal import NSHistory

/// The processes that `same` compares, of what was asked for: a name or a container stands for every
/// process that it meant at the time.
struct SameOperands {
  let reader: HistoryReader
  let time: SameQuestion.Time
  let zone: TimeZoneChoice

  /// All are compared at every moment at which something changed: more take too long.
  private static let most = 5000

  /// What is compared.
  struct Operands {
    var selectors: [SameQuestion.Selector] = []
    /// Whether a name stands for some of them.
    var areGroups = false
    /// How many more processes had a bare PID.
    var others: [Comparison.Others] = []
    /// The same in sentences.
    var notes: [String] = []
  }

  /// Nil, with the reason on standard error, when a name stands for nobody.
  func operands(_ asked: [ProcessSelector]) throws -> Operands? {
    var operands = Operands()
    var met: Set<SameQuestion.Selector> = []
    func add(_ selector: SameQuestion.Selector) {
      if met.insert(selector).inserted { operands.selectors.append(selector) }
    }
    var places: [Int64: Int] = [:]
    for selector in asked {
      if let one = try single(selector, &operands) {
        add(one)
        continue
      }
      let meant = try processes(selector)
      guard !meant.isEmpty else {
        try EmptyResultHelp(reader: reader, zone: zone).say(nothingOf: selector, in: window)
        return nil
      }
      if selector.latestPID == nil { operands.areGroups = true }
      try note(othersOf: selector, &operands)
      for one in meant {
        // It counts while it had one of the names that were given.
        if let place = places[one.id] {
          operands.selectors[place].names.insert(selector)
          continue
        }
        var operand = SameQuestion.Selector(one.number, process: one.id)
        operand.names = [selector]
        places[one.id] = operands.selectors.count
        operands.selectors.append(operand)
      }
    }
    // A PID that was given as well stands for the process already, by whatever name.
    let plain = operands.selectors.filter(\.names.isEmpty)
    operands.selectors.removeAll { named in
      !named.names.isEmpty
        && plain.contains {
          $0.number == named.number
            && ($0.process == named.process || ($0.process == nil && $0.alive == nil))
        }
    }
    let all = operands.selectors
    guard all.count <= Self.most else {
      throw ValidationError(
        """
        that is \(all.count) processes, too many to compare all at once; narrow it down with --at, \
        --since and --until, or ask whether any shared with any: nshist query shared
        """)
    }
    guard all.count >= 2 else {
      throw ValidationError(
        "that is one process, PID \(all.first?.pid ?? 0); give another to compare it with")
    }
    return operands
  }

  /// A PID; nil where a selector stands for any number of processes.
  private func single(
    _ selector: ProcessSelector, _ operands: inout Operands
  ) throws -> SameQuestion.Selector? {
    switch selector {
    case .pid(let pid, let alive, let within):
      return SameQuestion.Selector(pid: pid, alive: alive, within: within)
    case .thread(let number, let alive, let within):
      return SameQuestion.Selector(number, alive: alive, within: within)
    case .latest(.pid(let pid, _, _)):
      // At one moment a PID is one process.
      guard case .range = time else { return SameQuestion.Selector(pid: pid) }
      try note(othersOf: selector, &operands)
      let last = try reader.processes(selector, in: window).last
      return SameQuestion.Selector(pid: pid, process: last?.id)
    default: return nil
    }
  }

  /// Notes how many more processes had a number that stands for the last one of them: also inside a
  /// container, where a restart gives the same numbers to others.
  private func note(othersOf selector: ProcessSelector, _ operands: inout Operands) throws {
    guard case .range = time, let pid = selector.latestPID,
      let others = try EmptyResultHelp(reader: reader, zone: zone).others(of: selector, in: window)
    else { return }
    operands.notes.append("\(others).")
    operands.others.append(
      .init(pid: pid, count: try reader.otherIncarnations(selector, in: window)))
  }

  private var window: TimeWindow { time.window }

  private func processes(_ selector: ProcessSelector) throws -> [ProcessRecord] {
    guard case .at(let time) = time else {
      return try reader.processes(selector, in: window)
    }
    return try reader.processes(at: time).processes.map(\.process)
      // Who came into a container from outside is none of its processes.
      .filter(reader.matcher(selector, countsOutsiders: false))
  }
}
