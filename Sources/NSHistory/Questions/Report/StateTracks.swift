internal import NamespaceModel
internal import SQLite

/// Finds what a question about each moment of a window would say of the namespaces of a process: the states of
/// `PIDHistory` in every sample window around the moment. The states change at few times only, so a track is a list of
/// pieces of time, each with the states that hold throughout.
///
/// A picture of a track and a verdict on several tracks at one moment therefore say what `SameAtMoment` says about that
/// moment: both take the states from `PIDHistory.state`.
final class StateTracks {
  private let reading: HistorySnapshot
  private let types: [NamespaceType]
  /// The time that the tracks cover.
  private let time: ClosedRange<WallTime>
  /// The samples at which the state of any process may change: the first of each session, those after a gap or after a
  /// step of the clock, and the number after the last one.
  private let cuts: [SequenceNumber]
  private let samples: ClosedRange<SequenceNumber>

  /// Every list of states that some track has at some time, each once. The inner lists are parallel to `types`; there
  /// is one of them for each sample window around the time, or only one if all of them are equal.
  private(set) var states: [[[Int]]] = []
  private var indices: [[[Int]]: Int] = [:]
  /// The namespaces of the states, by index; the order is that of their first use.
  private(set) var namespaces: [NamespaceRecord] = []
  private var namespaceIndices: [Int64: Int] = [:]
  /// The sample windows around the times that were asked about last.
  private var windows = BoundedCache<WallTime, [SampleWindow]>(limit: 4096)

  init(
    _ reading: HistorySnapshot, _ types: [NamespaceType], in time: ClosedRange<WallTime>,
    _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) {
    self.reading = reading
    self.types = types
    self.time = time
    self.samples = samples
    var cuts: Set<SequenceNumber> = Set(reading.index.sessions.map(\.first))
    cuts.formUnion(reading.index.clockSteps)
    cuts.formUnion(try reading.index.gaps(samples))
    if let last = reading.index.last { cuts.insert(last + 1) }
    self.cuts = cuts.filter { $0 >= samples.lowerBound && $0 <= samples.upperBound + 1 }.sorted()
  }

  /// Returns the track of a process or thread: the pieces in time order. The first begins with the time of all tracks.
  func pieces(of history: TaskHistory) throws(SQLiteError) -> [HistoryReport.Piece] {
    let pidHistory = try reading.pidHistories.pidHistory(
      of: [history], pid: history.process.pid, known: [history.process])
    var numbers = Set(cuts)
    for type in types {
      for run in pidHistory.runs[type.link] { numbers.formUnion([run.from, run.until &+ 1]) }
    }
    return try pieces(at: numbers, history.process.startBoot) { (time) throws(SQLiteError) in
      self.states(of: pidHistory, try self.windows(at: time), at: time)
    }
  }

  /// Returns the evidence through time: for each piece, what proves a state in it.
  func evidence() throws(SQLiteError) -> [HistoryReport.EvidencePiece] {
    var numbers = Set(cuts)
    for session in reading.index.sessions where session.hasEvents {
      numbers.formUnion([session.first, session.first + 1])
      let sampled = try reading.connection.prepare(
        "SELECT seq FROM sample WHERE exact IS NOT 1 AND seq BETWEEN ? AND ? LIMIT 100000"
      ).bind(
        .number(max(session.first, samples.lowerBound)),
        .number(min(session.last, samples.upperBound))
      ).map { $0.sequence(0) }
      for number in sampled { numbers.formUnion([number, number + 1]) }
    }
    var pieces: [HistoryReport.EvidencePiece] = []
    for time in try times(around: numbers, nil) {
      let windows = try windows(at: time)
      let missing = windows.map(\.missing)
      let piece = HistoryReport.EvidencePiece(
        from: time, isExact: !windows.isEmpty && windows.allSatisfy(\.isExact),
        missing: missing.first.flatMap { first in missing.allSatisfy { $0 == first } ? first : nil }
      )
      if pieces.last.map({ $0.isExact == piece.isExact && $0.missing == piece.missing }) != true {
        pieces.append(piece)
      }
    }
    return pieces
  }

  // MARK: Times

  private func pieces(
    at numbers: Set<SequenceNumber>, _ start: BootTime?,
    _ states: (WallTime) throws(SQLiteError) -> [[Int]]
  ) throws(SQLiteError) -> [HistoryReport.Piece] {
    var pieces: [HistoryReport.Piece] = []
    for time in try times(around: numbers, start) {
      let index = self.index(of: try states(time))
      if pieces.last?.states != index { pieces.append(.init(from: time, states: index)) }
    }
    return pieces
  }

  /// Returns the times at which a state may change, if it changes at samples with these numbers only: where a window
  /// that ends or begins near such a sample begins or ends, and the moments of a window at which a process may have
  /// started.
  private func times(
    around numbers: Set<SequenceNumber>, _ start: BootTime?
  ) throws(SQLiteError) -> [WallTime] {
    guard let first = reading.index.first, let last = reading.index.last else {
      return [time.lowerBound]
    }
    var times: Set<WallTime> = [time.lowerBound]
    func add(_ one: WallTime) { if time.contains(one) { times.insert(one) } }
    let low = max(first, samples.lowerBound)
    let high = min(last, samples.upperBound)
    var visited: Set<SequenceNumber> = []
    for number in numbers where number >= low && number <= high + 1 {
      if let event = try aloneEvent(number) {
        add(event)
        continue
      }
      for near in (number - 1)...(number + 1)
      where near >= low && near <= high + 1 && visited.insert(near).inserted {
        let window = SampleWindow(
          near > low ? try reading.index.point(near - 1) : nil,
          near <= high ? try reading.index.point(near) : nil)
        for point in [window.before, window.after].compactMap(\.self) {
          for one in [point.wall, point.wallEnd, point.wallEnd &+ 1] { add(one) }
        }
        for range in window.wall {
          add(range.lowerBound)
          if range.upperBound < .max { add(range.upperBound &+ 1) }
        }
        guard let start else { continue }
        let running = start &- PIDHistory.startTimeTolerance
        for point in [window.before, window.after].compactMap(\.self) {
          let moment = point.wall &+ (running &- point.boot)
          for one in [moment, moment &+ 1] { add(one) }
        }
      }
    }
    return times.sorted()
  }

  /// Returns the time of an event that has only events around it, each later than the one before: a state can change
  /// then at that time alone. Nil for any other sample or event.
  private func aloneEvent(_ number: SequenceNumber) throws(SQLiteError) -> WallTime? {
    guard let session = reading.index.session(of: number), number - 2 >= session.first,
      number + 1 <= session.last, number - 2 >= samples.lowerBound, number + 1 <= samples.upperBound
    else { return nil }
    var last: SamplePoint?
    var time: WallTime?
    for near in (number - 2)...(number + 1) {
      let point = try reading.index.point(near)
      guard point.isEvent, last.map({ $0.wall < point.wall }) ?? true else { return nil }
      if near == number { time = point.wall }
      last = point
    }
    return time
  }

  private func windows(at time: WallTime) throws(SQLiteError) -> [SampleWindow] {
    if let known = windows[time] { return known }
    let found = try reading.index.sampleWindows(at: time)
    windows.insert(found, for: time)
    return found
  }

  // MARK: States

  private func states(
    of pidHistory: PIDHistory, _ windows: [SampleWindow], at time: WallTime
  ) -> [[Int]] {
    let all = windows.map { window in
      let isRunning = !pidHistory.running(in: window, until: time).isEmpty
      return types.map { code(pidHistory.state($0.link, window, isRunning: isRunning)) }
    }
    guard let first = all.first, all.allSatisfy({ $0 == first }) else { return all }
    return [first]
  }

  private func code(_ state: PIDHistory.State) -> Int {
    switch state {
    case .known(let namespace, _): index(of: namespace)
    case .unknown(let reason): HistoryReport.StateCode.unknown(reason).rawValue
    case .startingOrExiting: HistoryReport.StateCode.startingOrExiting.rawValue
    case .absent(let reason): HistoryReport.StateCode.absent(reason).rawValue
    }
  }

  /// Whether a list of states says for each type that the process was not running, or that nothing shows whether it
  /// was.
  func isAbsent(_ states: Int) -> Bool {
    self.states[states].allSatisfy { row in row.allSatisfy(HistoryReport.StateCode.isAbsent) }
  }

  private func index(of states: [[Int]]) -> Int {
    if let known = indices[states] { return known }
    let index = self.states.count
    self.states.append(states)
    indices[states] = index
    return index
  }

  /// Returns the index of a namespace; adds it to the list if it is new.
  func index(of namespace: NamespaceRecord) -> Int {
    if let known = namespaceIndices[namespace.id] { return known }
    let index = namespaces.count
    namespaces.append(namespace)
    namespaceIndices[namespace.id] = index
    return index
  }
}
