internal import ArgumentParser
internal import NSHistory

/// The processes that `same` compares, of what was asked for: a name or a container stands for every
/// process that it meant at the time.
struct SameOperands {
  let reader: HistoryReader
  let time: SameQuestion.Time
  let zone: TimeZoneChoice

  /// More than a person can mean.
  private static let most = 200

  /// Nil, with the reason on standard error, when a name stands for nobody.
  func operands(_ asked: [ProcessSelector]) throws -> [SameQuestion.Selector]? {
    var operands: [SameQuestion.Selector] = []
    for selector in asked {
      if case .pid(let pid, let alive) = selector {
        operands.append(SameQuestion.Selector(pid: pid, alive: alive))
        continue
      }
      let meant = try processes(selector)
      guard !meant.isEmpty else {
        try Hints(reader: reader, zone: zone).say(nothingOf: selector, in: window)
        return nil
      }
      let new = meant.map { SameQuestion.Selector(pid: $0.pid, process: $0.id) }
      // A PID that was given as well stands for the process already.
      operands += new.filter { one in
        !operands.contains(one) && !operands.contains(.init(pid: one.pid))
      }
    }
    guard operands.count <= Self.most else {
      throw ValidationError(
        "that is \(operands.count) processes; narrow it down with --at, --since and --until")
    }
    guard operands.count >= 2 else {
      throw ValidationError(
        "that is one process, PID \(operands.first?.pid ?? 0); give another to compare it with")
    }
    return operands
  }

  private var window: TimeWindow {
    switch time {
    case .at(let time): TimeWindow(since: time, until: time)
    case .range(let since, let until): TimeWindow(since: since, until: until)
    }
  }

  private func processes(_ selector: ProcessSelector) throws -> [ProcessRecord] {
    guard case .at(let time) = time else {
      return try reader.processes(selector, in: window)
    }
    return try reader.processes(at: time).processes.map(\.process)
      .filter(reader.matcher(selector))
  }
}
