internal import NamespaceModel
internal import ArgumentParser
internal import NSHistory

/// Prints hints for a question with an empty answer: what the history holds that is nearest to the question, and
/// what limits the answer.
struct EmptyResultHelp {
  let reader: HistoryReader
  let zone: TimeZoneChoice
  let messages: Messages
  /// The time at which the program started.
  let now: WallTime

  /// Prints on standard error that no process matches a selector in a window, with the nearest match.
  func say(nothingOf selector: ProcessSelector, in window: TimeWindow) throws {
    messages.say(try text(selector, window))
  }

  private func text(_ selector: ProcessSelector, _ window: TimeWindow) throws -> String {
    switch selector {
    case .latest(let all): return try text(all, window)
    case .pid(let pid, let alive, _):
      return try text(TaskNumber(pid: pid), selector: .pid(pid), alive, window)
    case .thread(let number, let alive, _):
      return try text(number, selector: .thread(number), alive, window)
    case .comm(let name):
      if try reader.isRecorded(selector) {
        return "no process '\(name)' was recorded in that time; \(try recorded())"
      }
      let similar = try reader.names(beginningWith: String(name.prefix(3)))
      return "no process '\(name)' was recorded"
        + (similar.isEmpty
          ? "; \(try recorded())" : "; there are \(similar.joined(separator: ", "))")
    case .container(let id):
      let time = try reader.isRecorded(selector) ? " in that time" : ""
      return """
        no process of a container with the name \(id), or whose id begins with it, was \
        recorded\(time); \(try recorded())
        """
    case .inner(let number, let namespaces):
      let unknown = try reader.processesWithoutNumber(in: namespaces, during: window)
      let others = unknown == 0 ? "" : "; \(Self.unread(unknown, number))"
      return "no process with the PID \(number) in that pid namespace was recorded\(others)"
    }
  }

  private func text(
    _ number: TaskNumber, selector: ProcessSelector, _ alive: WallTime?, _ window: TimeWindow
  ) throws -> String {
    let known = try reader.processes(selector)
    let time = alive ?? window.since ?? window.until
    guard let nearest = known.min(by: { $0.distance(to: time) < $1.distance(to: time) }) else {
      return
        "\(number.text) is not in the history; \(try ThreadHints(reader: reader).text(number) ?? recorded())"
    }
    let others = known.count > 1 ? ", the nearest of \(known.count) processes" : ""
    return """
      \(number.text) \(time == nil ? "" : "was not recorded then; it ")was recorded \
      \(show(nearest.firstSeen)) to \(show(nearest.lastSeen)) as \(nearest.shownName)\(others)
      """
  }

  /// Prints on standard error that no namespace matches a selector, with the nearest match. Throws the exit status `unknown` if nobody can say which namespace it is.
  func say(nothingOf selector: NamespaceSelector) throws {
    switch selector {
    case .inode(let type, let inode):
      let others = try NamespaceType.allCases.filter { other in
        try other != type && !reader.namespaces(.inode(other, inode)).isEmpty
      }
      let known = others.map { "\($0):[\(inode)]" }.joined(separator: ", ")
      messages.say(
        "\(type):[\(inode)] is not in the history"
          + (known.isEmpty ? "; \(try recorded()); \(Self.listing)" : "; \(known) is"))
    case .kernelID(let type, let id):
      messages.say(
        "no \(type) namespace with the kernel's id \(id) is in the history; \(Self.listing)")
    case .of(let type, let process):
      if try !reader.isRecorded(process) {
        return try say(nothingOf: process, in: TimeWindow())
      }
      messages.say(
        "the \(type) namespace of that process could never be read: see nshist query history")
      throw ExitCode(ExitStatus.unknown)
    }
  }

  /// Prints on standard error how many other processes had a PID that was given without a time. Such a PID
  /// selects the last process that had it.
  func say(othersOf selector: ProcessSelector, in window: TimeWindow) throws {
    if let text = try others(of: selector, in: window) { messages.say(text) }
  }

  /// Prints the same message for the process of a namespace selector such as `net@PID`.
  func say(othersOf selector: NamespaceSelector, in window: TimeWindow = TimeWindow()) throws {
    if case .of(_, let process) = selector { try say(othersOf: process, in: window) }
  }

  /// Returns the message about the other processes that had the selected PID; nil if there are none.
  func others(of selector: ProcessSelector, in window: TimeWindow) throws -> String? {
    // The hint for an empty answer says the same.
    let unknown =
      try selector.isByInnerPID && reader.isRecorded(selector, in: window)
      ? processesWithUnreadPID(selector, in: window) : nil
    let unread = unknown.map { Self.unread($0.count, $0.pid) }
    guard let pid = selector.latestPID else { return unread }
    let count = try reader.otherIncarnations(selector, in: window)
    guard count > 0 else { return unread }
    // The syntax of a PID inside a container or pid namespace has no @TIME.
    let another = selector.isByInnerPID ? "--at TIME" : "PID@TIME"
    let last = unread == nil ? "the last one" : "the last one whose PID inside is known"
    let text = """
      \(RecordingFormatter.count(count, "other process", "other processes")) had PID \(pid) too in that time: \
      this is \(last); \(another) selects another, --all-incarnations all of them
      """
    return unread.map { "\(text); \($0)" } ?? text
  }

  /// Returns the PID inside that a selector names, and how many processes of the pid namespaces have PIDs inside that
  /// are not known; nil if there are none, and for other selectors.
  private func processesWithUnreadPID(
    _ selector: ProcessSelector, in window: TimeWindow
  ) throws -> (pid: Int64, count: Int)? {
    switch selector {
    case .latest(let all): return try processesWithUnreadPID(all, in: window)
    case .inner(let pid, let namespaces):
      let count = try reader.processesWithoutNumber(in: namespaces, during: window)
      return count > 0 ? (pid, count) : nil
    default: return nil
    }
  }

  private static func unread(_ count: Int, _ pid: Int64) -> String {
    let processes = RecordingFormatter.count(count, "process", "processes")
    return
      "of \(processes) there the PIDs inside are not known, so that each may have had PID \(pid)"
  }

  private static let listing = "nshist query namespaces --at TIME lists those of a time"

  /// Returns the caveats of an answer about a window.
  ///
  /// - Parameter isToLastSample: whether the user gave no time, so that the question is about the present by
  ///   default: if a recorder is running, its last sample stands for the present.
  func caveats(in window: TimeWindow, isToLastSample: Bool = false) throws -> CaveatFormatter {
    CaveatFormatter(
      caveats: try reader.caveats(in: window, isToLastSample: isToLastSample), zone: zone)
  }

  /// Returns the caveats of an answer about a moment.
  func caveats(at time: WallTime, _ moment: MomentOption) throws -> CaveatFormatter {
    try caveats(in: TimeWindow(since: time, until: time), isToLastSample: moment.at == nil)
  }

  /// Prints the caveats of an answer about a window on standard error: the data that sessions did not record,
  /// and, if the user gave a window or the answer is empty, the intervals without samples.
  ///
  /// - Parameter present: the command that answers the same question about the present; nil if there is none.
  func say(
    _ caveats: CaveatFormatter, in window: TimeWindow, isEmpty: Bool, present: String? = nil
  ) throws {
    for sentence in caveats.sentences { messages.say(sentence) }
    guard !window.isEverything || isEmpty, let span = try reader.recordedSpan() else { return }
    let recorded = recordedSpanText(span, zone)
    let missing = caveats.caveats.map(\.missing)
    if let since = window.since, let future = future(since, span) {
      return messages.say("\(future); \(recorded)")
    }
    if let since = window.since, since > span.upperBound, missing.contains(.afterLast) {
      let now = present.map { "; for the present use \($0)" } ?? ""
      return messages.say("\(show(since)) is after the last sample; \(recorded)\(now)")
    }
    if let until = window.until, until < span.lowerBound, missing.contains(.beforeFirst) {
      return messages.say("\(show(until)) is before the first sample; \(recorded)")
    }
    if let until = window.until, until < span.lowerBound, missing.contains(.expired) {
      return messages.say("\(expired(until)); \(recorded)")
    }
    if let gaps = caveats.gaps { messages.say(gaps) }
    if let expired = caveats.expired { messages.say(expired) }
    if isEmpty, let first = caveats.caveats.first(where: { $0.missing == .beforeFirst })?.until {
      messages.say("nothing is recorded before the first sample, at \(show(first))")
    }
    if isEmpty, let last = caveats.caveats.first(where: { $0.missing == .afterLast })?.from {
      messages.say("nothing is recorded after the last sample, at \(show(last))")
    }
  }

  /// Prints the caveats of an answer about a moment on standard error: why the moment is not between two
  /// samples, and the data that sessions did not record.
  func say(
    _ caveats: CaveatFormatter, _ time: WallTime, _ samples: [SameAnswer.SampleGap],
    _ recorded: ClosedRange<WallTime>?
  ) throws {
    for sentence in caveats.sentences { messages.say(sentence) }
    guard let recorded else {
      return messages.say(try reader.noSampleText())
    }
    let span = recordedSpanText(recorded, zone)
    if let future = future(time, recorded) { messages.say("\(future); \(span)") }
    let isDuringFirst = samples.contains { $0.before == nil && $0.after.map { $0 <= time } == true }
    for missing in Set(samples.compactMap(\.missing)).sorted(by: { $0.code < $1.code }) {
      switch missing {
      case .beforeFirst where isDuringFirst:
        messages.say(
          "\(show(time)) is during the first sample; nothing is recorded before its end; \(span)")
      case .beforeFirst: messages.say("\(show(time)) is before the first sample; \(span)")
      case .expired: messages.say("\(expired(time)); \(span)")
      case .afterLast: break
      default:
        messages.say(
          "\(show(time)) is in a gap: \(missing.words); the processes of that time are not known")
      }
    }
  }

  /// Returns the sentence that a time is in the future; nil if it is not, or if the history has later samples, which
  /// another clock may have timed.
  func future(_ time: WallTime, _ recorded: ClosedRange<WallTime>) -> String? {
    time > recorded.upperBound ? FutureTime(time: time, now: now, zone: zone)?.text : nil
  }

  /// Throws the exit status `unknown` after an empty answer, if the history does not prove that there was
  /// nothing to find.
  ///
  /// - Parameters:
  ///   - selectors: the processes that the user asked about. For `PID@TIME`, the caveats at TIME count too; for a PID
  ///     inside a pid namespace, the processes there whose PIDs inside are not known.
  ///   - window: the time that the user asked about.
  func endEmpty(
    _ caveats: CaveatFormatter, of selectors: [ProcessSelector] = [],
    in window: TimeWindow = TimeWindow()
  ) throws {
    var isUnknown = try caveats.hideAbsence || reader.recordedSpan() == nil
    for selector in selectors where try processesWithUnreadPID(selector, in: window) != nil {
      isUnknown = true
    }
    for time in Set(selectors.compactMap(\.alive)).sorted() {
      let window = TimeWindow(since: time, until: time)
      let then = try self.caveats(in: window)
      guard then.hideAbsence else { continue }
      isUnknown = true
      try say(then, in: window, isEmpty: true)
    }
    if isUnknown { throw ExitCode(ExitStatus.unknown) }
  }

  /// Returns the sentence that retention removed the records of a time.
  private func expired(_ time: WallTime) -> String {
    "what was recorded of \(show(time)) was removed (retention), so nothing is known of it"
  }

  /// Throws the exit status `unknown` after an empty answer about an interval, if only samples were taken, so
  /// that a change between two samples may be missing, or for the reasons of `endEmpty`.
  ///
  /// - Parameter isOfOne: whether the question names a process, namespace or container: samples alone do not
  ///   prove that it did not exist or did not change.
  func endEmptyThroughTime(
    _ caveats: CaveatFormatter, of selectors: [ProcessSelector] = [],
    in window: TimeWindow = TimeWindow(), isOfOne: Bool = true
  ) throws {
    if let samplesOnly = caveats.samplesOnly {
      messages.say(samplesOnly)
      if isOfOne { throw ExitCode(ExitStatus.unknown) }
    }
    try endEmpty(caveats, of: selectors, in: window)
  }

  private func recorded() throws -> String {
    guard let span = try reader.recordedSpan() else { return "it holds no sample yet" }
    return recordedSpanText(span, zone)
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }
}

/// Returns the clause that says from when to when samples are recorded.
///
/// - Parameter isCut: whether to say that retention has removed the samples before. A process that is not in the history
///   may have been in that part.
func recordedSpanText(
  _ span: ClosedRange<WallTime>, isCut: Bool = false, _ zone: TimeZoneChoice
) -> String {
  let (from, to) = (
    TimeFormat.localTime(span.lowerBound, zone), TimeFormat.localTime(span.upperBound, zone)
  )
  let text = "samples are recorded from \(from) to \(to)"
  return isCut ? text + ", what was recorded before was removed (retention)" : text
}

extension HistoryReader {
  /// Returns the message for a history file without samples: the cause, and the remedy.
  func noSampleText() throws -> String {
    guard try isCopiedWhileOpen(), !hasWriteAheadLog else {
      return "\(path) holds no sample yet; record first: nshist record --db \(path)"
    }
    return """
      \(path) holds no sample: it was copied without its -wal file, which holds the newest rows, while a \
      recorder was writing it; copy the original with sqlite3 ORIGINAL '.backup COPY', which includes them
      """
  }
}

extension ProcessRecord {
  /// Returns the time between a moment and the nearest time at which the process was seen, in nanoseconds;
  /// 0 if it was seen before and after the moment.
  fileprivate func distance(to time: WallTime?) -> UInt64 {
    guard let time else { return 0 }
    if time < firstSeen { return (firstSeen &- time).magnitude }
    return time > lastSeen ? (time &- lastSeen).magnitude : 0
  }
}

/// The error for a question about a process name or a container that the history does not hold.
struct UnknownNameError: Error, CustomStringConvertible {
  let unknown: UnknownName
  let path: String

  var description: String {
    let kind = unknown.isOfContainer ? "container" : "process"
    let none =
      unknown.mayBeExpired
      ? "the beginning of the history, which was removed (retention), may have had one"
      : "none was recorded"
    let nearest =
      unknown.nearest.isEmpty
      ? none
      : "the nearest are \(unknown.nearest.joined(separator: ", "))"
        + (unknown.mayBeExpired ? "; \(none)" : "")
    let remedy =
      unknown.isOfContainer
      ? "; nshist query processes lists the containers of a time"
      : "; nshist query processes lists the names of a time"
    let missing = unknown.unnamed.isEmpty ? "" : "; \(NamelessContainers.text(unknown.unnamed))"
    return "no \(kind) '\(unknown.name)' is in \(path); \(nearest)\(missing)\(remedy)"
  }
}

extension HistoryReader {
  /// Throws an error if a selector contains a name that the history does not hold, because a user would read an
  /// empty answer as "was in no namespace".
  func requireKnown(_ selectors: ProcessSelector?...) throws {
    for selector in selectors.compactMap(\.self) {
      if let unknown = try unknownName(selector) {
        throw UnknownNameError(unknown: unknown, path: path)
      }
    }
  }
}

/// Explains why the history does not hold a PID or TID, if threads are the reason.
struct ThreadHints {
  let reader: HistoryReader

  /// Returns the explanation; nil if threads are not the reason.
  func text(_ number: TaskNumber) throws -> String? {
    if number.tid != nil {
      return """
        a thread is recorded only while its namespaces differ from those of its process: \
        ask for \(number.pid)
        """
    }
    let threads = try reader.threads(tid: number.pid)
    guard !threads.isEmpty else { return nil }
    return
      "it is the number of a thread: ask for \(threads.map(\.description).joined(separator: ", "))"
  }
}

/// A time of a question that is later than the present, as a time of day without a date may be.
struct FutureTime {
  private let time: WallTime
  private let now: WallTime
  private let zone: TimeZoneChoice

  private static let day: Int64 = 86_400 * 1_000_000_000

  /// Returns nil if the time is not in the future.
  init?(time: WallTime, now: WallTime, zone: TimeZoneChoice) {
    guard time > now else { return nil }
    self.time = time
    self.now = now
    self.zone = zone
  }

  /// Returns the remedy for a time of day that stands for one of today, which is still to come.
  static func remedy(_ clock: String) -> String {
    "write '\(yesterday(clock))' for the day before"
  }

  /// Returns the expression for a time of day on the day before.
  static func yesterday(_ clock: String) -> String { "yesterday \(clock)" }

  /// The sentence about it, which says how to write the time of the day before.
  var text: String {
    let first = "\(TimeFormat.localTime(time, zone)) is in the future, after the last sample"
    guard time &- now < Self.day else { return first }
    let clock = TimeFormat.timeOfDay(time, .local)
    return "\(first); a time without a date is one of today: \(Self.remedy(clock))"
  }
}
