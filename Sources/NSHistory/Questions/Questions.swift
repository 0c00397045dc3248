// All questions that a history answers. Each is answered from one snapshot of the file, and refused if the
// file is a slice that does not hold the processes or the time of the question (`QuestionScope`).

internal import Containers
package import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Answers whether PIDs were in the same namespaces.
  public func same(_ question: SameQuestion) throws(HistoryError) -> SameAnswer {
    try reading(question.scope) { (reading) throws(SQLiteError) in
      var question = question
      if case .range = question.time {
        let window = reading.index.window(question.time.window)
        question.time = .range(since: window.since, until: window.until)
      }
      return try SameQuery(reading, question).answer()
    }
  }

  /// Answers whether processes of groups ever shared a namespace.
  package func shared(_ question: SharedQuestion) throws(HistoryError) -> SharedAnswer {
    try reading(question.scope) { (reading) throws(SQLiteError) in
      var question = question
      question.window = reading.index.window(question.window)
      guard let time = try ObservedTime(reading, question.window) else {
        return SharedAnswer.nothing(question)
      }
      let query = try SharedQuery(reading, question, time)
      return try query.isTooLarge ? query.refusal : query.answer()
    }
  }

  /// Calls `body` with each history entry of the selected processes, process by process in time order.
  /// Stops when `body` returns false.
  package func history(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow(),
    _ body: (HistoryEntry) -> Bool
  ) throws(HistoryError) {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      let query = HistoryQuery(reading: reading, window: window)
      try ProcessFinder(reading: reading).forEach(selector, in: window, withThreads: true) {
        (history) throws(SQLiteError) in try query.forEach(of: history, body)
      }
    }
  }

  /// Returns the summaries of the selected namespaces that had a process or a pin in a window, in the order
  /// in which they were observed.
  package func namespaces(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [NamespaceSummary] {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      let asked = window
      let window = reading.index.window(asked)
      let found = try NamespaceFinder(reading: reading).lifetimes(selector, in: window)
      if found.isEmpty, asked.isEverything { try reading.index.requireWhole("every namespace") }
      return try found.map(NamespaceSummaries(reading: reading).summary)
    }
  }

  /// Calls `body` with every process that was in the selected namespaces, namespace by namespace in the
  /// order in which they were observed. Stops when `body` returns false.
  package func members(
    of selector: NamespaceSelector, in window: TimeWindow = TimeWindow(), _ body: (Member) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      guard let samples = try reading.index.samples(around: window) else { return }
      let query = MembersQuery(reading: reading, window: window, samples: samples)
      for lifetime in try NamespaceFinder(reading: reading).lifetimes(selector, in: window) {
        guard try query.forEach(in: lifetime.namespace, body) else { return }
      }
    }
  }

  /// Calls `body` with every process that was outside of a selected namespace while its link for children
  /// led there (`pid_for_children`, `time_for_children` of namespaces(7)): such a link keeps a namespace
  /// alive as a process in it does. Stops when `body` returns false.
  package func parents(
    of selector: NamespaceSelector, in window: TimeWindow = TimeWindow(), _ body: (Member) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      guard let samples = try reading.index.samples(around: window) else { return }
      let holders = ChildrenHolders(reading: reading)
      for lifetime in try NamespaceFinder(reading: reading).named(selector, in: window) {
        guard try holders.forEach(of: lifetime.namespace, samples, window, body) else { return }
      }
    }
  }

  /// Calls `body` with every process that was proven to share a namespace with the one asked about, in the
  /// order in which they were observed. Stops when `body` returns false.
  package func peers(
    _ question: PeersQuestion, _ body: (Peer) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: question.window)) { (reading) throws(SQLiteError) in
      var question = question
      question.window = reading.index.window(question.window)
      guard let samples = try reading.index.samples(around: question.window) else { return }
      let query = PeersQuery(reading: reading, question: question, samples: samples)
      for history in try ProcessFinder(reading: reading).histories(
        question.process, in: question.window, withThreads: true)
      {
        guard try query.forEach(of: history, body) else { return }
      }
    }
  }

  /// Calls `body` with each change, in time order. Stops when `body` returns false.
  package func changes(
    _ question: ChangesQuestion, _ body: (NamespaceChange) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: question.window)) { (reading) throws(SQLiteError) in
      var question = question
      question.window = reading.index.window(question.window)
      guard let query = try ChangesQuery(reading, question) else { return }
      try query.forEach(body)
    }
  }

  /// Returns every process that was running, or may have been, at a moment.
  package func processes(at time: WallTime) throws(HistoryError) -> MomentAnswer {
    try reading(.everything(at: time)) { (reading) throws(SQLiteError) in
      let processSnapshot = try ProcessSnapshot(reading, at: time)
      return MomentAnswer(
        processes: try processSnapshot.processes(),
        samples: processSnapshot.sampleWindows.map(SameAnswer.SampleGap.init),
        recorded: try reading.index.recorded())
    }
  }

  /// Returns every namespace that a process or a link for children was in at a moment in nanoseconds since
  /// the epoch, those that a pin kept alive, and those in which these were created or which own them.
  ///
  /// - Parameter isSelected: if not nil, limits the answer to the namespaces that the processes it accepts
  ///   were in, or may have been.
  package func namespaces(
    at time: WallTime, of isSelected: ((ProcessRecord) -> Bool)? = nil
  ) throws(HistoryError) -> NamespacesAnswer {
    try reading(.everything(at: time)) { (reading) throws(SQLiteError) in
      let processSnapshot = try ProcessSnapshot(reading, at: time)
      let processes = try processSnapshot.processes()
      let scans = try reading.pins.scans(around: time)
      let points = processSnapshot.sampleWindows.flatMap { [$0.before, $0.after] }.compactMap(
        \.self)
      let namespaces = NamespaceSnapshot(
        reading: reading, sampleWindows: processSnapshot.sampleWindows, processes: processes,
        pins: try reading.pins.pins(between: scans, in: Set(points.map(\.session.id)))
          .map { (pin) throws(SQLiteError) in
            try reading.exit(ofHolder: pin.pin, by: time).map(pin.after(exit:)) ?? pin
          })
      let selected = isSelected.map { isSelected in
        Set(
          processes.lazy.filter { isSelected($0.process) }
            .flatMap { Array($0.links.values) + Array($0.linksForChildren.values) }
            .flatMap(\.namespaces).map(\.id))
      }
      return NamespacesAnswer(
        namespaces: try namespaces.namespaces { selected?.contains($0) != false },
        unread: processes.count { process in
          process.links.values.contains { $0.namespace == nil && $0.reason != .unsupported }
        },
        samples: processSnapshot.sampleWindows.map(SameAnswer.SampleGap.init),
        scans: .init(
          before: scans.before?.wall, after: scans.after?.wall,
          denied: max(scans.before?.denied ?? 0, scans.after?.denied ?? 0)),
        recorded: try reading.index.recorded())
    }
  }

  /// Returns the timeline rows of the selected processes, one for each process and type, in the order asked
  /// for.
  package func timeline(
    _ selectors: [ProcessSelector], in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases
  ) throws(HistoryError) -> [TimelineRow] {
    try reading(.processes(selectors, in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      let query = TimelineQuery(reading: reading, window: window)
      var rows: [TimelineRow] = []
      var visited: Set<TaskID> = []
      for selector in selectors {
        for history in try ProcessFinder(reading: reading).histories(
          selector, in: window, withThreads: true)
        where visited.insert(history.process.task).inserted {
          rows += try query.rows(
            of: history,
            history.process.tid == nil || selector.isOfThread
              ? types : query.types(types, inWhichDiffers: history))
        }
      }
      return rows
    }
  }

  /// Returns whether samples cover a moment.
  package func coverage(at time: WallTime) throws(HistoryError) -> CoverageAtMoment {
    try reading(.recording(in: TimeWindow(since: time, until: time))) {
      (reading) throws(SQLiteError) in
      let sampleWindows = try reading.index.sampleWindows(at: time)
      return CoverageAtMoment(
        isCovered: !sampleWindows.isEmpty && sampleWindows.allSatisfy { $0.coverage == .sampled },
        samples: sampleWindows.map(SameAnswer.SampleGap.init),
        hidesProcesses: sampleWindows.contains(where: \.hidesProcesses),
        recorded: try reading.index.recorded())
    }
  }

  /// Calls `body` with each recorded period and, between two of them, with the gap or the step of the wall clock, in
  /// order. Stops when `body` returns false.
  package func coverage(
    in window: TimeWindow = TimeWindow(), _ body: (CoveragePeriod) -> Bool
  ) throws(HistoryError) {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      let query = CoverageQuery(reading: reading, window: reading.index.window(window))
      // Without a window, the coverage of a slice is that of its time.
      try query.forEach(in: window.isEverything ? reading.index.slice : nil, body)
    }
  }

  /// Calls `body` with each gap in a window, in order, without reading the recorded periods between them.
  /// Stops when `body` returns false.
  package func gaps(
    in window: TimeWindow, _ body: (CoveragePeriod, MissingSamples) -> Bool
  ) throws(HistoryError) {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      let query = CoverageQuery(reading: reading, window: reading.index.window(window))
      try query.forEachPause { pause in
        if case .gap(let missing) = pause.kind { body(pause, missing) } else { true }
      }
    }
  }

  /// Returns the caveats of an answer about a window: at most `CaveatFinder.most`, and then `more`.
  ///
  /// - Parameter isToLastSample: whether a window that ends shortly after the last sample of a running
  ///   recorder means the time up to that sample.
  package func caveats(
    in window: TimeWindow, isToLastSample: Bool = false
  ) throws(HistoryError) -> [Caveat] {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      try CaveatFinder(index: reading.index).caveats(
        in: reading.index.window(window), isToLastSample: isToLastSample)
    }
  }

  /// Returns the highest number of namespaces of each type at once, over the whole history. A namespace
  /// counts only while a process or a link for children is in it; one that existed only between two samples
  /// was not seen.
  package func peakUse() throws(HistoryError) -> [NamespaceType: PeakUse] {
    try reading(.everything()) { (reading) throws(SQLiteError) in
      try PeakUseQuery(reading: reading).answer()
    }
  }

  /// Calls `body` with each row that `filter` accepts, ordered by process and time. The memory that this
  /// takes does not grow with the file. Stops when `body` returns false.
  package func export(
    _ filter: ExportFilter, _ body: (ExportRow) -> Bool
  ) throws(HistoryError) {
    try exportPieces(filter) { body(ExportRow($0, $1)) }
  }

  /// Does the same as `export`, but passes the two parts of each row to `body`. A caller that writes millions of rows
  /// saves time that way: an `ExportRow` is built from scratch for each row, though most of its values repeat those of
  /// the row before.
  package func exportPieces(
    _ filter: ExportFilter, _ body: (ExportProcess, ExportPiece) -> Bool
  ) throws(HistoryError) {
    var position: ExportPosition?
    var hasMore = true
    while hasMore {
      let deadline = isRecorded ? ClockReading.now().monotonic + exportStep : nil
      hasMore = try reading(filter.scope) { (reading) throws(SQLiteError) in
        var stream = try ExportStream(reading, filter.within(reading.index), after: position)
        defer { position = stream.position }
        return try stream.forEach(until: deadline, body)
      }
      if hasMore { try letLogBeUsedAgain() }
    }
  }

  /// Returns the selected processes that a sample in a window saw, in the order in which they were
  /// observed.
  package func processes(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [ProcessRecord] {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      return try ProcessFinder(reading: reading).histories(selector, in: window).map(\.process)
    }
  }

  /// Whether a window has at least one of the selected processes.
  package func isRecorded(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Bool {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      var isRecorded = false
      try ProcessFinder(reading: reading).forEach(selector, in: window) { _ in
        isRecorded = true
        return false
      }
      return isRecorded
    }
  }

  /// Returns how many other processes with the PID there were in a window besides the one that
  /// `ProcessSelector.latest` selects; 0 for other selectors.
  package func otherIncarnations(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Int {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      return try ProcessFinder(reading: reading).incarnations(selector, in: window).others
    }
  }

  /// Returns the threads that had this TID, in any process.
  package func threads(tid: Int64) throws(HistoryError) -> [TaskNumber] {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      try reading.connection.prepare(
        "SELECT DISTINCT pid FROM task WHERE tid = ? AND tid IS NOT NULL ORDER BY 1"
      ).bind(.integer(tid)).map { TaskNumber(pid: $0.integer(0), tid: tid) }
    }
  }

  /// Returns the number of processes in these pid namespaces whose PID in the namespace is not known.
  package func processesWithoutNumber(
    in namespaces: ProcessSelector.PIDNamespaces, during window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Int {
    try reading(.processes([.inner(0, namespaces)], in: window)) { (reading) throws(SQLiteError) in
      let window = reading.index.window(window)
      return try NestedPIDResolver(reading: reading).histories(0, in: namespaces, window).unknown
    }
  }

  /// Returns the name by which the processes are selected, if the history does not hold it; nil if it does,
  /// and for selectors without a name.
  package func unknownName(_ selector: ProcessSelector) throws(HistoryError) -> UnknownName? {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      let unknown = try NameSearch(connection: reading.connection).unknown(selector)
      // A slice has every container, and only the names of its own processes.
      if let unknown, !unknown.isOfContainer {
        try reading.index.requireWhole("a process with the name \(unknown.name)")
      }
      return unknown
    }
  }

  /// Returns the names of the recorded containers, or the beginnings of their ids, in alphabetical order; at most
  /// 1000.
  package func containerNames() throws(HistoryError) -> [String] {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      try reading.connection.prepare(
        "SELECT DISTINCT COALESCE(name, substr(id, 1, 12)) FROM container ORDER BY 1 LIMIT 1000"
      ).map { SystemText.sanitized($0.text(0)) }
    }
  }

  /// Returns up to five recorded process names that begin with these letters, in alphabetical order.
  package func names(beginningWith start: String) throws(HistoryError) -> [String] {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      try reading.connection.prepare(
        """
        SELECT comm FROM task WHERE comm >= ?1 AND comm < ?1 || ?2
        UNION SELECT comm FROM short_lived_task WHERE comm >= ?1 AND comm < ?1 || ?2 ORDER BY 1 LIMIT 5
        """
      ).bind(.text(start), .text("\u{10FFFF}")).map { SystemText.sanitized($0.text(0)) }
    }
  }
}
