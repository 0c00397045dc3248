internal import NamespaceModel
internal import SQLite

/// The recorded history of a PID: its processes, and the value of each link from sample to sample.
struct PIDHistory {
  let pid: Int64
  /// The selected processes that had the PID, in the order in which they were observed.
  private(set) var processes: [ProcessRecord]
  /// All processes that had the PID.
  let known: [ProcessRecord]
  /// The intervals of each link, in time order and without overlap.
  let runs: LinkIntervals
  /// The last sample that saw each process, by its index in `processes`.
  let lastSamples: [SequenceNumber]
  /// For each process, the sample that found it although no event had reported it; nil if there is none.
  private let foundBySample: [SamplePoint?]
  /// For each process, the event that reported its start; nil if none did.
  private let startEvents: [SequenceNumber?]
  /// Whether one of the processes is a thread whose recording ended with its session.
  private let hasLostThread: Bool
  private let order: PIDHistoryOrder
  /// Why no process had the PID at the time by which a process was to be selected; nil if the PID was not
  /// selected by a time.
  var reasonNoneSelected: UnknownReason?
  /// The spans in which processes match the question, by the index of the process. A process without spans
  /// matches all of the time.
  var limits: [Int: [ProcessRecord.DescriptionSpan]] = [:]

  init(
    pid: Int64, processes: [ProcessRecord], known: [ProcessRecord], runs: LinkIntervals,
    lastSamples: [SequenceNumber], foundBySample: [SamplePoint?], startEvents: [SequenceNumber?],
    hasLostThread: Bool = false
  ) {
    self.pid = pid
    self.processes = processes
    self.known = known
    self.runs = runs
    self.lastSamples = lastSamples
    self.foundBySample = foundBySample
    self.startEvents = startEvents
    self.hasLostThread = hasLostThread
    order = PIDHistoryOrder(processes, lastSamples)
  }

  /// Replaces each process by the result of `description`, which is called with the process and the last sample that saw
  /// it.
  mutating func describe(
    _ description: (ProcessRecord, SequenceNumber) throws(SQLiteError) -> ProcessRecord
  ) throws(SQLiteError) {
    for index in processes.indices {
      processes[index] = try description(processes[index], lastSamples[index])
    }
  }

  /// A range of consecutive samples in one session in which a link of one process had the same value.
  struct LinkInterval: Hashable {
    let from: SequenceNumber
    var until: SequenceNumber
    /// The index in `processes`.
    let process: Int
    let value: LinkValue
    /// Whether an event began or ended the interval: an interval that an event ended holds up to that event.
    var beginsExactly = false
    var endsExactly = false
  }

  /// The known state of a link of the PID in a piece of time.
  enum State: Hashable {
    /// The link of the process at this index in `processes` led to this namespace.
    case known(NamespaceRecord, process: Int)
    /// It is not known where the link led, for this reason.
    case unknown(UnknownReason)
    /// Only one of the two samples around the time saw the process: it started or exited between them.
    case startingOrExiting
    /// None of the recorded processes was running. The reason says whether a process without a record may have
    /// been: no sample or event covers the time (`gap`), the session did not record every process
    /// (`notRecorded`), or neither (`notRunning`).
    case absent(UnknownReason)

    var isAbsent: Bool { if case .absent = self { true } else { false } }

    var namespace: NamespaceRecord? {
      if case .known(let namespace, _) = self { namespace } else { nil }
    }

    /// Why the namespace of the PID is not known; nil if it is known.
    var reason: UnknownReason? {
      switch self {
      case .known: nil
      case .unknown(let reason): reason
      case .startingOrExiting: .changedBetweenSamples
      case .absent(let reason): reason
      }
    }
  }

  /// Returns the interval of a link that contains a sample.
  func run(_ link: NamespaceLink, at sample: SequenceNumber) -> LinkInterval? {
    runs.run(link, at: sample)
  }

  /// Returns the indices of the processes that may have been running in a sample window, up to a time in it.
  func running(in sampleWindow: SampleWindow, until end: WallTime?) -> [Int] {
    var indices = order.candidates(in: sampleWindow).filter {
      mayRun($0, in: sampleWindow, until: end)
    }
    // A process that a sample saw was running, whatever start time was recorded.
    for side in [sampleWindow.before, sampleWindow.after] {
      guard let side, let process = run(.pid, at: side.id)?.process,
        !indices.contains(process), mayRun(process, in: sampleWindow, until: end)
      else { continue }
      indices.append(process)
    }
    return indices
  }

  /// Returns the state of a link throughout a sample window, up to a time in the window or to its end.
  func state(_ link: NamespaceLink, _ sampleWindow: SampleWindow, until end: WallTime?) -> State {
    state(link, sampleWindow, isRunning: !running(in: sampleWindow, until: end).isEmpty)
  }

  /// Returns the state of a link for a caller that knows whether a process may have been running. A process
  /// counts as absent while it does not match the question (`limits`).
  func state(_ link: NamespaceLink, _ sampleWindow: SampleWindow, isRunning: Bool) -> State {
    let state = stateOfAll(link, sampleWindow, isRunning: isRunning)
    guard !limits.isEmpty, !state.isAbsent else { return state }
    let indices: [Int] =
      if case .known(_, let process) = state { [process] } else { Array(processes.indices) }
    let certainties = indices.map { limits[$0]?.matchCertainty(in: sampleWindow) ?? .selected }
    if certainties.allSatisfy({ $0 == .selected }) { return state }
    return certainties.allSatisfy { $0 == .other }
      ? .absent(.notRunning) : .unknown(.changedBetweenSamples)
  }

  private func stateOfAll(_ link: NamespaceLink, _ sampleWindow: SampleWindow, isRunning: Bool)
    -> State
  {
    if sampleWindow.missing == .expired { return .unknown(.expired) }
    guard !known.isEmpty else {
      if let reasonNoneSelected { return .unknown(reasonNoneSelected) }
      return .unknown(sampleWindow.coverage == .sampled ? .notRecorded : .gap)
    }
    if processes.isEmpty, let reasonNoneSelected { return .absent(reasonNoneSelected) }
    guard processes.contains(where: { sampleWindow.isOf(space: $0.space) }) else {
      return stateInOtherPIDSpace(in: sampleWindow)
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

  /// Returns the state for a window in whose PID space (`SessionSpan.space`) no process with the PID was selected. The
  /// selected processes are then of another boot, with which they ended, or of another PID namespace, in which they may
  /// still be running.
  private func stateInOtherPIDSpace(in sampleWindow: SampleWindow) -> State {
    let isOver = processes.allSatisfy { !sampleWindow.isOf(boot: $0.boot) }
    return isOver && !sampleWindow.hidesProcesses
      ? .absent(sampleWindow.reasonOfAbsence) : .unknown(.notRecorded)
  }

  /// Returns whether a process may have been running in a sample window, up to a time in it: the process had
  /// not certainly started later, and no sample had already missed it.
  func mayRun(_ process: Int, in sampleWindow: SampleWindow, until end: WallTime?) -> Bool {
    let space = processes[process].space
    guard sampleWindow.isOf(space: space) else { return false }
    if sees(process, at: sampleWindow.before) {
      // A sample takes time: a process that it was the first to see may have started while it was taken.
      return end.map { !isBefore(start: process, $0, in: sampleWindow) } ?? true
    }
    if let after = sampleWindow.after.flatMap({ run(.pid, at: $0.id) }),
      sampleWindow.isExactBeginning(of: after)
    {
      return false
    }
    if wasOverlooked(process, in: sampleWindow) { return true }
    // A process that two consecutive samples missed was not running in between, unless events failed to report
    // it.
    if sampleWindow.coverage == .sampled, !sees(process, at: sampleWindow.after),
      !isMissedByEvents(process, in: sampleWindow)
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
    return moment >= start &- Self.startTimeTolerance
  }

  /// Returns whether a time within the sample before a sample window is before the start of a process.
  private func isBefore(start process: Int, _ time: WallTime, in sampleWindow: SampleWindow) -> Bool
  {
    guard let before = sampleWindow.before, time <= before.wallEnd, sampleWindow.clockIsSteady,
      let start = processes[process].startBoot
    else { return false }
    return before.boot &+ (time &- before.wall) < start &- Self.startTimeTolerance
  }

  /// Returns whether another process with the PID had certainly started by a time in a sample window.
  func isSucceeded(_ process: Int, in sampleWindow: SampleWindow, at time: WallTime) -> Bool {
    let space = processes[process].space
    guard sampleWindow.clockIsSteady, let moment = sampleWindow.boot(at: time, in: space) else {
      return false
    }
    return processes[(process + 1)...].contains { next in
      next.space == space
        && (next.startBoot.map { $0 &+ Self.startTimeTolerance < moment } ?? false)
    }
  }

  /// Returns whether a sample missed a process: the process had started before the sample, and only later samples saw
  /// it. A process whose start was reported was not missed before, nor one whose exit was reported and which then
  /// continued by exec.
  private func wasOverlooked(_ process: Int, in sampleWindow: SampleWindow) -> Bool {
    guard let before = sampleWindow.before, before.session.space == processes[process].space,
      before.id < lastSamples[process], let start = processes[process].startBoot
    else { return false }
    if let event = startEvents[process], before.id < event { return false }
    let missed = sampleWindow.after.map { $0.session == before.session ? $0.boot : before.boot }
    return start &+ Self.startTimeTolerance < missed ?? before.boot
      && !hasExited(process, before: before.id)
      && !sees(process, at: sampleWindow.after)
  }

  /// Returns whether the only evidence against a process is events that failed to report it, as a later sample
  /// found out.
  private func isMissedByEvents(_ process: Int, in sampleWindow: SampleWindow) -> Bool {
    guard sampleWindow.isExact, let found = foundBySample[process],
      let before = sampleWindow.before,
      let after = sampleWindow.after, before.session == found.session, after.id < found.id
    else { return false }
    // The process was not there while another process had its PID, nor before that.
    let index = runs[.pid].partitioningIndex { $0.from >= found.id }
    return index == 0 || runs[.pid][index - 1].until < before.id
  }

  private func hasExited(_ process: Int, before sample: SequenceNumber) -> Bool {
    let next = runs[.pid].partitioningIndex { $0.from > sample }
    guard next > 0 else { return false }
    let last = runs[.pid][next - 1]
    return last.process == process && last.until < sample && last.endsExactly
  }

  /// Returns whether a process had certainly started by a time in a sample window.
  func hasStarted(_ process: Int, in sampleWindow: SampleWindow, by time: WallTime) -> Bool {
    // The wall clock time before the first sample of the history is not known.
    guard sampleWindow.before != nil, sampleWindow.clockIsSteady,
      let start = processes[process].startBoot,
      let moment = sampleWindow.boot(at: time, in: processes[process].space)
    else { return false }
    return start &+ Self.startTimeTolerance < moment
  }

  /// The tolerance of start times, in nanoseconds: start times are exact to a clock tick, and the clocks are
  /// read one after the other.
  static let startTimeTolerance: Int64 = 20_000_000

  /// Returns whether the process that was there before a sample window was there throughout, and exited with
  /// the event that ends the window.
  func isExactEnd(in sampleWindow: SampleWindow) -> Bool {
    sampleWindow.before.flatMap { run(.pid, at: $0.id) }.map(sampleWindow.isExactEnd) ?? false
  }

  func sees(_ process: Int, at sample: SamplePoint?) -> Bool {
    sample.flatMap { run(.pid, at: $0.id) }?.process == process
  }
}

extension SampleWindow {
  /// Returns whether the value of an interval held throughout the window, and ended with the event that ends
  /// the window.
  func isExactEnd(of run: PIDHistory.LinkInterval) -> Bool {
    isExact && run.endsExactly && run.until == before?.id
  }

  /// Returns whether an interval began with the event that ends the window, and not before.
  func isExactBeginning(of run: PIDHistory.LinkInterval) -> Bool {
    isExact && run.beginsExactly && run.from == after?.id
  }
}

extension UnknownReason {
  /// Converts the reason why a link could not be read.
  init(_ reason: UnreadReason) {
    switch reason {
    case .denied: self = .denied
    case .zombie: self = .zombie
    case .unsupported: self = .unsupported
    case .unseen: self = .changedBetweenSamples
    // No verdict is about a link that can be pending.
    case .pending: self = .changedBetweenSamples
    }
  }
}

/// The intervals of each link, in time order.
struct LinkIntervals {
  private var runs: [[PIDHistory.LinkInterval]] = Array(repeating: [], count: NamespaceLink.count)

  subscript(link: NamespaceLink) -> [PIDHistory.LinkInterval] {
    get { runs[Int(link.rawValue)] }
    _modify { yield &runs[Int(link.rawValue)] }
  }

  /// Sorts the intervals of several processes by time.
  mutating func sort() {
    for link in runs.indices { runs[link].sort { $0.from < $1.from } }
  }

  /// Returns the interval of a link that contains a sample.
  func run(_ link: NamespaceLink, at sample: SequenceNumber) -> PIDHistory.LinkInterval? {
    let all = runs[Int(link.rawValue)]
    let index = all.partitioningIndex { $0.until >= sample }
    guard index < all.count, all[index].from <= sample else { return nil }
    return all[index]
  }
}

/// Finds which of the many processes that had a PID can have been running in a sample window, without examining
/// each.
struct PIDHistoryOrder {
  /// The PID space of all the processes; nil if they have more than one.
  private let space: Int64?
  /// For each index, the last sample that saw the process or one before it in the list.
  private let latest: [SequenceNumber]
  /// For each index, the earliest start of the process or one after it in the list, on the boot clock.
  private let earliest: [BootTime]

  init(_ processes: [ProcessRecord], _ lastSamples: [SequenceNumber]) {
    let spaces = Set(processes.map(\.space))
    space = spaces.count == 1 ? spaces.first : nil
    var last = SequenceNumber.min
    latest = lastSamples.map { sample in
      last = max(last, sample)
      return last
    }
    var first = BootTime.max
    earliest = Array(
      processes.reversed().map { process in
        first = min(first, process.startBoot ?? .min)
        return first
      }.reversed())
  }

  /// Returns the indices of all processes that may have been running in a sample window. The other processes were last
  /// seen before the window, or started after it.
  func candidates(in sampleWindow: SampleWindow) -> Range<Int> {
    guard let space else { return latest.indices }
    var low = 0
    var high = latest.count
    if let before = sampleWindow.before, before.session.space == space {
      low = latest.partitioningIndex { $0 >= before.id }
    }
    if let after = sampleWindow.after, after.session.space == space {
      high = earliest.partitioningIndex { $0 > after.bootEnd &+ PIDHistory.startTimeTolerance }
    }
    return low..<max(low, high)
  }
}
