internal import NamespaceModel

/// The recorded life of a PID: its processes, and what each link was from sample to sample.
struct PIDHistory {
  let pid: Int64
  /// The processes asked for that had the PID, in the order in which they were observed.
  let processes: [ProcessRecord]
  /// All that had the PID.
  let known: [ProcessRecord]
  /// For each link, in order of time and without overlap.
  let runs: LinkIntervals
  /// The last sample that saw each process, by its place in `processes`.
  let lastSamples: [Int64]
  /// Of each process, the sample that found it though no event had reported it, if one did.
  private let untold: [SamplePoint?]
  /// Whether one of them is a thread whose recording ended with its session.
  private let hasLostThread: Bool
  private let order: PIDHistoryOrder
  /// Why none of its processes was found at the time by which one was to be picked; nil where the PID
  /// was not picked by a time.
  var whyNobody: UnknownReason?
  /// When processes, by their places, were what the question means; of others all of their time counts.
  var limits: [Int: [ProcessRecord.DescriptionSpan]] = [:]

  init(
    pid: Int64, processes: [ProcessRecord], known: [ProcessRecord], runs: LinkIntervals,
    lastSamples: [Int64], untold: [SamplePoint?], hasLostThread: Bool = false
  ) {
    self.pid = pid
    self.processes = processes
    self.known = known
    self.runs = runs
    self.lastSamples = lastSamples
    self.untold = untold
    self.hasLostThread = hasLostThread
    order = PIDHistoryOrder(processes, lastSamples)
  }

  /// Samples, one after the other in one session, in which one process's link was the same.
  struct LinkInterval: Hashable {
    let from: Int64
    var until: Int64
    /// The place in `processes`.
    let process: Int
    let value: LinkValue
    /// Whether an event began it, or ended it: then it was so up to that.
    var beginsExactly = false
    var endsExactly = false
  }

  /// What is known of the PID in a piece of time.
  enum State: Hashable {
    /// In this namespace, the process at this place in `processes`.
    case known(NamespaceRecord, process: Int)
    case unknown(UnknownReason)
    /// It was not there on one side: it started or exited in between.
    case startingOrExiting
    /// None of the recorded processes was running. The reason says why that proves no more: no
    /// sample or event covers the time (`gap`), the session did not keep every process
    /// (`notRecorded`), or neither (`notRunning`).
    case absent(UnknownReason)

    var isAbsent: Bool { if case .absent = self { true } else { false } }

    var namespace: NamespaceRecord? {
      if case .known(let namespace, _) = self { namespace } else { nil }
    }

    /// Why it is not known where the PID was; nil when it is.
    var reason: UnknownReason? {
      switch self {
      case .known: nil
      case .unknown(let reason): reason
      case .startingOrExiting: .changedBetweenSamples
      case .absent(let reason): reason
      }
    }
  }

  /// The run that a sample is in.
  func run(_ link: NamespaceLink, at sample: Int64) -> LinkInterval? { runs.run(link, at: sample) }

  /// The places of the processes that may have been running in a sample window, up to a time in it.
  func running(in sampleWindow: SampleWindow, until end: Int64?) -> [Int] {
    var places = order.candidates(in: sampleWindow).filter {
      mayRun($0, in: sampleWindow, until: end)
    }
    // Whatever its start: who was seen was there.
    for side in [sampleWindow.before, sampleWindow.after] {
      guard let side, let process = run(.pid, at: side.id)?.process,
        !places.contains(process), mayRun(process, in: sampleWindow, until: end)
      else { continue }
      places.append(process)
    }
    return places
  }

  /// What is known of a link throughout a sample window, up to a time in it, or its end.
  func state(_ link: NamespaceLink, _ sampleWindow: SampleWindow, until end: Int64?) -> State {
    state(link, sampleWindow, isRunning: !running(in: sampleWindow, until: end).isEmpty)
  }

  /// The same, where it is known whether a process may have been running. While it was not what is meant
  /// it counts as not there.
  func state(_ link: NamespaceLink, _ sampleWindow: SampleWindow, isRunning: Bool) -> State {
    let state = stateOfAll(link, sampleWindow, isRunning: isRunning)
    guard !limits.isEmpty, !state.isAbsent else { return state }
    let places: [Int] =
      if case .known(_, let process) = state { [process] } else { Array(processes.indices) }
    let standings = places.map { limits[$0]?.standing(in: sampleWindow) ?? .meant }
    if standings.allSatisfy({ $0 == .meant }) { return state }
    return standings.allSatisfy { $0 == .other }
      ? .absent(.notRunning) : .unknown(.changedBetweenSamples)
  }

  private func stateOfAll(_ link: NamespaceLink, _ sampleWindow: SampleWindow, isRunning: Bool)
    -> State
  {
    if sampleWindow.missing == .expired { return .unknown(.expired) }
    guard !known.isEmpty else { return .unknown(.notRecorded) }
    if processes.isEmpty, let whyNobody { return .absent(whyNobody) }
    guard processes.contains(where: { sampleWindow.isOf(space: $0.space) }) else {
      return stateOfStranger(in: sampleWindow)
    }
    guard isRunning else {
      if sampleWindow.spansSpaces { return .unknown(.gap) }
      let reason = sampleWindow.reasonOfAbsence
      if sampleWindow.hidesProcesses || hasLostThread {
        return .unknown(reason == .notRunning ? .notRecorded : reason)
      }
      return .absent(reason)
    }
    guard sampleWindow.coverage == .sampled else { return .unknown(.gap) }
    let before = sampleWindow.before.flatMap { run(link, at: $0.id) }
    let after = sampleWindow.after.flatMap { run(link, at: $0.id) }
    if before == nil, after == nil { return .unknown(.notRecorded) }
    if let before, before == after || sampleWindow.isExactEnd(of: before) {
      return Self.state(before)
    }
    if before == nil, let after, sampleWindow.isExactBeginning(of: after) {
      return .absent(sampleWindow.reasonOfAbsence)
    }
    guard let before, let after, before.process == after.process else {
      return .startingOrExiting
    }
    let isDenied = [before.value, after.value].contains(.unread(.denied))
    return .unknown(isDenied ? .denied : .changedBetweenSamples)
  }

  private static func state(_ run: LinkInterval) -> State {
    switch run.value {
    case .namespace(let namespace): .known(namespace, process: run.process)
    case .unread(let reason): .unknown(UnknownReason(reason))
    }
  }

  /// What is known where the PID, as the recorder of that time saw it, was never met. The
  /// processes of another boot ended with it; those of another pid namespace may be running.
  private func stateOfStranger(in sampleWindow: SampleWindow) -> State {
    let isOver = processes.allSatisfy { !sampleWindow.isOf(boot: $0.boot) }
    return isOver && !sampleWindow.hidesProcesses
      ? .absent(sampleWindow.reasonOfAbsence) : .unknown(.notRecorded)
  }

  /// Whether a process may have been running in a sample window, up to a time in it: it had not certainly
  /// started later, and no sample had missed it already.
  func mayRun(_ process: Int, in sampleWindow: SampleWindow, until end: Int64?) -> Bool {
    let space = processes[process].space
    guard sampleWindow.isOf(space: space) else { return false }
    if sees(process, at: sampleWindow.before) {
      // A sample takes time: what it was the first to see may have started while it was taken.
      return end.map { !isBefore(start: process, $0, in: sampleWindow) } ?? true
    }
    if let after = sampleWindow.after.flatMap({ run(.pid, at: $0.id) }),
      sampleWindow.isExactBeginning(of: after)
    {
      return false
    }
    if wasOverlooked(process, in: sampleWindow) { return true }
    // Samples follow one another: who was missed by both was not there, unless events miss it.
    if sampleWindow.coverage == .sampled, !sees(process, at: sampleWindow.after),
      !isUntold(process, in: sampleWindow)
    {
      return false
    }
    if let before = sampleWindow.before, before.session.space == space,
      before.id > lastSamples[process]
    {
      return false
    }
    guard let start = processes[process].startBoot,
      let moment = sampleWindow.boot(at: end, in: space)
    else { return true }
    return moment >= start &- Self.grain
  }

  /// Whether a time within the sample before a sample window is before a process started.
  private func isBefore(start process: Int, _ time: Int64, in sampleWindow: SampleWindow) -> Bool {
    guard let before = sampleWindow.before, time <= before.wallEnd, sampleWindow.clockIsSteady,
      let start = processes[process].startBoot
    else { return false }
    return before.boot &+ (time &- before.wall) < start &- Self.grain
  }

  /// Whether another process had certainly started with the PID by a time in a sample window.
  func isSucceeded(_ process: Int, in sampleWindow: SampleWindow, at time: Int64) -> Bool {
    let space = processes[process].space
    guard sampleWindow.clockIsSteady, let moment = sampleWindow.boot(at: time, in: space) else {
      return false
    }
    return processes[(process + 1)...].contains { next in
      next.space == space && (next.startBoot.map { $0 &+ Self.grain < moment } ?? false)
    }
  }

  /// Whether a sample missed a process that had started before it, and was seen only later. One
  /// whose exit was reported and that went on by exec was not missed.
  private func wasOverlooked(_ process: Int, in sampleWindow: SampleWindow) -> Bool {
    guard let before = sampleWindow.before, before.session.space == processes[process].space,
      before.id < lastSamples[process], let start = processes[process].startBoot
    else { return false }
    let missed = sampleWindow.after.map { $0.session == before.session ? $0.boot : before.boot }
    return start &+ Self.grain < missed ?? before.boot && !hasExited(process, before: before.id)
      && !sees(process, at: sampleWindow.after)
  }

  /// Whether events that did not tell of a process, as a sample behind them found out, are all that
  /// says that it was not there.
  private func isUntold(_ process: Int, in sampleWindow: SampleWindow) -> Bool {
    guard sampleWindow.isExact, let found = untold[process], let before = sampleWindow.before,
      let after = sampleWindow.after, before.session == found.session, after.id < found.id
    else { return false }
    // While another had its PID, and before that, it was not there.
    let place = runs[.pid].partitioningIndex { $0.from >= found.id }
    return place == 0 || runs[.pid][place - 1].until < before.id
  }

  private func hasExited(_ process: Int, before sample: Int64) -> Bool {
    let behind = runs[.pid].partitioningIndex { $0.from > sample }
    guard behind > 0 else { return false }
    let last = runs[.pid][behind - 1]
    return last.process == process && last.until < sample && last.endsExactly
  }

  /// Whether a process had certainly started by a time in a sample window.
  func hasStarted(_ process: Int, in sampleWindow: SampleWindow, by time: Int64) -> Bool {
    // What the clock showed before the first sample of all is not known.
    guard sampleWindow.before != nil, sampleWindow.clockIsSteady,
      let start = processes[process].startBoot,
      let moment = sampleWindow.boot(at: time, in: processes[process].space)
    else { return false }
    return start &+ Self.grain < moment
  }

  /// Start times are known to a clock tick, and clocks are read one after the other.
  static let grain: Int64 = 20_000_000

  /// Whether who was there before a sample window was there throughout, and exited with the event behind.
  func isExactEnd(in sampleWindow: SampleWindow) -> Bool {
    sampleWindow.before.flatMap { run(.pid, at: $0.id) }.map(sampleWindow.isExactEnd) ?? false
  }

  func sees(_ process: Int, at sample: SamplePoint?) -> Bool {
    sample.flatMap { run(.pid, at: $0.id) }?.process == process
  }
}

extension SampleWindow {
  /// Whether what a run was held throughout, and ended with the event behind.
  func isExactEnd(of run: PIDHistory.LinkInterval) -> Bool {
    isExact && run.endsExactly && run.until == before?.id
  }

  /// Whether a run began with the event behind, and not before.
  func isExactBeginning(of run: PIDHistory.LinkInterval) -> Bool {
    isExact && run.beginsExactly && run.from == after?.id
  }
}

extension UnknownReason {
  /// The reason that a link could not be read.
  init(_ reason: UnreadReason) {
    switch reason {
    case .denied: self = .denied
    case .zombie: self = .zombie
    case .unsupported: self = .unsupported
    case .unseen: self = .changedBetweenSamples
    // Of no link that a verdict is about.
    case .pending: self = .changedBetweenSamples
    }
  }
}

/// For each link, its runs in the order of time.
struct LinkIntervals {
  private var runs: [[PIDHistory.LinkInterval]] = Array(repeating: [], count: NamespaceLink.count)

  subscript(link: NamespaceLink) -> [PIDHistory.LinkInterval] {
    get { runs[Int(link.rawValue)] }
    _modify { yield &runs[Int(link.rawValue)] }
  }

  /// Puts the runs of several processes into one order.
  mutating func sort() {
    for link in runs.indices { runs[link].sort { $0.from < $1.from } }
  }

  /// The run of a link that a sample is in.
  func run(_ link: NamespaceLink, at sample: Int64) -> PIDHistory.LinkInterval? {
    let all = runs[Int(link.rawValue)]
    let place = all.partitioningIndex { $0.until >= sample }
    guard place < all.count, all[place].from <= sample else { return nil }
    return all[place]
  }
}

/// Which of the many processes that had a PID can have been running in a sample window, without a look at
/// each.
struct PIDHistoryOrder {
  /// Whose PIDs they all are; nil where that is not one.
  private let space: Int64?
  /// The last sample that saw a process or one before it.
  private let latest: [Int64]
  /// The first start of a process or one behind it.
  private let earliest: [Int64]

  init(_ processes: [ProcessRecord], _ lastSamples: [Int64]) {
    let spaces = Set(processes.map(\.space))
    space = spaces.count == 1 ? spaces.first : nil
    var last = Int64.min
    latest = lastSamples.map { sample in
      last = max(last, sample)
      return last
    }
    var first = Int64.max
    earliest = Array(
      processes.reversed().map { process in
        first = min(first, process.startBoot ?? Int64.min)
        return first
      }.reversed())
  }

  /// The places of all that may have been there: the rest had been missed by the sample before, or
  /// started after the one behind.
  func candidates(in sampleWindow: SampleWindow) -> Range<Int> {
    guard let space else { return latest.indices }
    var low = 0
    var high = latest.count
    if let before = sampleWindow.before, before.session.space == space {
      low = latest.partitioningIndex { $0 >= before.id }
    }
    if let after = sampleWindow.after, after.session.space == space {
      high = earliest.partitioningIndex { $0 > after.bootEnd &+ PIDHistory.grain }
    }
    return low..<max(low, high)
  }
}
