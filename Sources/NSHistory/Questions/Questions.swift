// All questions that a history answers. Each is answered from one snapshot of the file, and refused where the file is a
// slice that does not hold what it is about (`QuestionScope`).

internal import Containers
package import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Answers whether PIDs were in the same namespaces.
  public func same(_ question: SameQuestion) throws(HistoryError) -> SameAnswer {
    try reading(question.scope) { (reading) throws(SQLiteError) in
      try SameQuery(reading, question).answer()
    }
  }

  /// Answers whether processes of groups ever shared a namespace.
  package func shared(_ question: SharedQuestion) throws(HistoryError) -> SharedAnswer {
    try reading(question.scope) { (reading) throws(SQLiteError) in
      guard let time = try ObservedTime(reading, question.window) else {
        return SharedAnswer.nothing(question)
      }
      let query = try SharedQuery(reading, question, time)
      return try query.isTooLarge ? query.refusal : query.answer()
    }
  }

  /// Gives `body` each namespace set that the selected processes had, process by process in the
  /// order of time. Ends early when `body` returns false.
  package func history(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow(),
    _ body: (HistoryEntry) -> Bool
  ) throws(HistoryError) {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      let history = HistoryQuery(reading: reading, window: window)
      try ProcessFinder(reading: reading).forEach(selector, in: window, withThreads: true) {
        (life) throws(SQLiteError) in try history.forEach(of: life, body)
      }
    }
  }

  /// The namespaces that are selected, of those that were there in a window, in the order in which
  /// they were observed.
  package func namespaces(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [NamespaceSummary] {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      try NamespaceFinder(reading: reading).lives(selector, in: window)
        .map(NamespaceSummaries(reading: reading).summary)
    }
  }

  /// Gives `body` every process that was in the selected namespaces, namespace by namespace in the
  /// order in which they were observed. Ends early when `body` returns false.
  package func members(
    of selector: NamespaceSelector, in window: TimeWindow = TimeWindow(), _ body: (Member) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      guard let samples = try reading.index.samples(around: window) else { return }
      let query = MembersQuery(reading: reading, window: window, samples: samples)
      for life in try NamespaceFinder(reading: reading).lives(selector, in: window) {
        guard try query.forEach(in: life.namespace, body) else { return }
      }
    }
  }

  /// Gives `body` every process that was not in one of the selected namespaces and had its children go
  /// there (`pid_for_children`, `time_for_children` of namespaces(7)), which keeps a namespace as
  /// a process in it does. Ends early when `body` returns false.
  package func parents(
    of selector: NamespaceSelector, in window: TimeWindow = TimeWindow(), _ body: (Member) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      guard let samples = try reading.index.samples(around: window) else { return }
      let holders = ChildrenHolders(reading: reading)
      for life in try NamespaceFinder(reading: reading).named(selector, in: window) {
        guard try holders.forEach(of: life.namespace, samples, window, body) else { return }
      }
    }
  }

  /// Gives `body` every process that was proven to share a namespace with the one asked about, in the
  /// order in which they were observed. Ends early when `body` returns false.
  package func peers(
    _ question: PeersQuestion, _ body: (Peer) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: question.window)) { (reading) throws(SQLiteError) in
      guard let samples = try reading.index.samples(around: question.window) else { return }
      let query = PeersQuery(reading: reading, question: question, samples: samples)
      for life in try ProcessFinder(reading: reading).lives(
        question.process, in: question.window, withThreads: true)
      {
        guard try query.forEach(of: life, body) else { return }
      }
    }
  }

  /// Gives `body` each change, in the order of time. Ends early when `body` returns false.
  package func changes(
    _ question: ChangesQuestion, _ body: (NamespaceChange) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: question.window)) { (reading) throws(SQLiteError) in
      guard let query = try ChangesQuery(reading, question) else { return }
      try query.forEach(body)
    }
  }

  /// Every process that was, or may have been, there at a moment, in nanoseconds since the epoch.
  package func processes(at time: Int64) throws(HistoryError) -> MomentAnswer {
    try reading(.everything(at: time)) { (reading) throws(SQLiteError) in
      let processSnapshot = try ProcessSnapshot(reading, at: time)
      return MomentAnswer(
        processes: try processSnapshot.processes(),
        samples: processSnapshot.sampleWindows.map(SameAnswer.SampleGap.init),
        recorded: try reading.index.recorded())
    }
  }

  /// Every namespace that a process was in at a moment, in nanoseconds since the epoch, or had its
  /// children go to, those that something else kept alive, and those that they were made in or are owned by.
  ///
  /// - Parameter isMeant: only those that such processes were in, or may have been; nil for all.
  package func namespaces(
    at time: Int64, of isMeant: ((ProcessRecord) -> Bool)? = nil
  ) throws(HistoryError) -> NamespacesAnswer {
    try reading(.everything(at: time)) { (reading) throws(SQLiteError) in
      let processSnapshot = try ProcessSnapshot(reading, at: time)
      let processes = try processSnapshot.processes()
      let looks = try reading.pins.looks(around: time)
      let points = processSnapshot.sampleWindows.flatMap { [$0.before, $0.after] }.compactMap(
        \.self)
      let namespaces = NamespaceSnapshot(
        reading: reading, sampleWindows: processSnapshot.sampleWindows, processes: processes,
        pins: try reading.pins.pins(between: looks, in: Set(points.map(\.session.id)))
          .map { (pin) throws(SQLiteError) in
            try reading.exit(ofHolder: pin.pin, by: time).map(pin.after(exit:)) ?? pin
          })
      let places = isMeant.map { isMeant in
        Set(
          processes.lazy.filter { isMeant($0.process) }
            .flatMap { Array($0.places.values) + Array($0.placesOfChildren.values) }
            .flatMap(\.namespaces).map(\.id))
      }
      return NamespacesAnswer(
        namespaces: try namespaces.namespaces { places?.contains($0) != false },
        unread: processes.count { process in
          process.places.values.contains { $0.namespace == nil && $0.reason != .unsupported }
        },
        samples: processSnapshot.sampleWindows.map(SameAnswer.SampleGap.init),
        looks: .init(
          before: looks.before?.wall, after: looks.after?.wall,
          denied: max(looks.before?.denied ?? 0, looks.after?.denied ?? 0)),
        recorded: try reading.index.recorded())
    }
  }

  /// The lanes of the selected processes, one a process and type, in the order asked for.
  package func timeline(
    _ selectors: [ProcessSelector], in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases
  ) throws(HistoryError) -> [TimelineRow] {
    try reading(.processes(selectors, in: window)) { (reading) throws(SQLiteError) in
      let query = TimelineQuery(reading: reading, window: window)
      var lanes: [TimelineRow] = []
      var met: Set<TaskID> = []
      for selector in selectors {
        for life in try ProcessFinder(reading: reading).lives(
          selector, in: window, withThreads: true)
        where met.insert(life.process.task).inserted {
          lanes += try query.lanes(
            of: life,
            life.process.tid == nil || selector.isOfThread
              ? types : query.types(types, inWhichDiffers: life))
        }
      }
      return lanes
    }
  }

  /// Whether the history can answer what was at a moment, in nanoseconds since the epoch.
  package func coverage(at time: Int64) throws(HistoryError) -> CoverageAtMoment {
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

  /// Gives `body` each time that was recorded, and each gap between two, in the order in which they
  /// were. Ends early when `body` returns false.
  package func coverage(
    in window: TimeWindow = TimeWindow(), _ body: (CoveragePeriod) -> Bool
  ) throws(HistoryError) {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      try CoverageQuery(reading: reading, window: window).forEach(body)
    }
  }

  /// Gives `body` each gap in a window, in the order in which they were, without a look at what was
  /// recorded between them. Ends early when `body` returns false.
  package func gaps(
    in window: TimeWindow, _ body: (CoveragePeriod, MissingSamples) -> Bool
  ) throws(HistoryError) {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      try CoverageQuery(reading: reading, window: window).forEachPause { pause in
        if case .gap(let missing) = pause.kind { body(pause, missing) } else { true }
      }
    }
  }

  /// What limits an answer about a window, in the order of time: at most `CaveatFinder.most`, and
  /// then `more`.
  ///
  /// - Parameter isToLastSample: whether a window that ends shortly after the last sample of a recorder
  ///   that runs is about the time up to that sample.
  package func caveats(
    in window: TimeWindow, isToLastSample: Bool = false
  ) throws(HistoryError) -> [Caveat] {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      try CaveatFinder(index: reading.index).caveats(in: window, isToLastSample: isToLastSample)
    }
  }

  /// The highest use of each type in all that is recorded. Namespaces that no process is in, and
  /// to which no process has its children go, are not counted, and one that came and went between two samples was not seen.
  package func peakUse() throws(HistoryError) -> [NamespaceType: PeakUse] {
    try reading(.everything()) { (reading) throws(SQLiteError) in
      try PeakUseQuery(reading: reading).answer()
    }
  }

  /// Gives `body` each row that `filter` lets through, ordered by process and time, in memory
  /// that does not grow with the file. Ends early when `body` returns false.
  package func export(
    _ filter: ExportFilter, _ body: (ExportRow) -> Bool
  ) throws(HistoryError) {
    try exportPieces(filter) { body(ExportRow($0, $1)) }
  }

  /// The same rows, in the parts that they are made of, for who writes millions: `ExportRow` is made
  /// anew for each, and most of what it says was said by the one before.
  package func exportPieces(
    _ filter: ExportFilter, _ body: (ExportProcess, ExportPiece) -> Bool
  ) throws(HistoryError) {
    try reading(filter.scope) { (reading) throws(SQLiteError) in
      var stream = try ExportStream(reading, filter)
      try stream.forEach(body)
    }
  }

  /// The processes that are selected, of those that a sample in a window saw, in the order in which
  /// they were observed.
  package func processes(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [ProcessRecord] {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      try ProcessFinder(reading: reading).lives(selector, in: window).map(\.process)
    }
  }

  /// Whether there is any of them.
  package func isRecorded(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Bool {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      var isRecorded = false
      try ProcessFinder(reading: reading).forEach(selector, in: window) { _ in
        isRecorded = true
        return false
      }
      return isRecorded
    }
  }

  /// How many more processes there were in a window than the one that `ProcessSelector.latest` is;
  /// 0 for other selectors.
  package func otherIncarnations(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Int {
    try reading(.processes([selector], in: window)) { (reading) throws(SQLiteError) in
      try ProcessFinder(reading: reading).incarnations(selector, in: window).others
    }
  }

  /// The threads that had a number of their own, whatever their process.
  package func threads(tid: Int64) throws(HistoryError) -> [TaskNumber] {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      try reading.connection.prepare(
        "SELECT DISTINCT pid FROM task WHERE tid = ? AND tid IS NOT NULL ORDER BY 1"
      ).bind(.integer(tid)).map { TaskNumber(pid: $0.integer(0), tid: tid) }
    }
  }

  /// How many processes were in pid namespaces and have numbers there that are not known.
  package func processesWithoutNumber(
    in namespaces: ProcessSelector.PIDNamespaces, during window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Int {
    try reading(.processes([.inner(0, namespaces)], in: window)) { (reading) throws(SQLiteError) in
      try NestedPIDResolver(reading: reading).lives(0, in: namespaces, window).unknown
    }
  }

  /// The name that processes are selected by, if it is nowhere in the history; nil where it is, and where
  /// they are selected by something else.
  package func unknownName(_ selector: ProcessSelector) throws(HistoryError) -> UnknownName? {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      try NameSearch(connection: reading.connection).unknown(selector)
    }
  }

  /// A few recorded names of processes that begin with these letters, in alphabetical order.
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
