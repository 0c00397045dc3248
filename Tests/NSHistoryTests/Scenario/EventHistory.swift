// A history of events and samples: the actual state with nanosecond times, the part of it that was reported, and the
// writer calls that report it. `EventWorld` makes such histories at random.

import NSHistory
import NamespaceModel
import TestSupport

/// A history: the actual state and the reports.
struct EventHistory {
  typealias Key = RandomHistory.Key

  /// A process or a thread. Its number is its index in `actors`, and its name is `a` followed by the number.
  struct Actor {
    let pid: Int32
    let tid: Int32?
    /// The actor that created it; nil where nothing reports that.
    let parent: Int?
    /// The actual intervals.
    var entries: [HistoryEntry] = []
    /// Whether a thread was in its process's namespaces first and moved later.
    var hasMoved = false
  }

  /// An interval in which the links of an actor did not change, on the boot clock.
  struct HistoryEntry {
    let from: Int64
    /// The end; nil while it still holds.
    var until: Int64?
    let links: [LinkState]
  }

  /// A sample or an event: a moment with a sequence number in the file.
  struct Point {
    let session: Int
    /// The time of the event or of the start of the sample, and the end of it.
    let boot: Int64
    var end: Int64
    var isEvent = false
    /// Whether all changes since the point before were reported.
    var isExact = false
    var gap: GapCause?
    var disagreements = 0
    /// The links of every actor from this point on, according to the reports.
    var reported: [Int: [LinkState]]
    /// The actor of an event.
    var actor: Int?
  }

  /// A time in which the reports on an actor are wrong.
  struct WrongReport {
    let actor: Int
    let from: Int64
    let until: Int64
    /// Whether a sample corrected them later.
    let isFound: Bool
  }

  /// A call of the writer.
  enum Step {
    case begin(SessionInfo)
    case events(EventBatch, isWritten: Bool)
    case sample(ProcessSample, SampleTiming)
    case end
  }

  var actors: [Actor] = []
  var points: [Point] = []
  var wrongReports: [WrongReport] = []
  var steps: [Step] = []
  /// The wall-clock time at which the boot clock was zero, for each session.
  var epochs: [WallTime] = []

  /// Makes all calls. Ends the last session only if `ends`.
  func write(_ writer: HistoryWriter, ends: Bool) throws {
    for step in steps { try write(step, writer) }
    if ends { try writer.endSession(.completed) }
  }

  /// Makes one call.
  func write(_ step: Step, _ writer: HistoryWriter) throws {
    switch step {
    case .begin(let info): try writer.beginSession(info)
    case .events(let batch, let isWritten):
      guard writer.add(batch) else { throw Refusal() }
      if isWritten { _ = try writer.writeEvents() }
    case .sample(let sample, let timing): _ = try writer.write(sample, timing)
    case .end: try writer.endSession(.stopped)
    }
  }

  /// Thrown when the writer does not accept a batch of events.
  struct Refusal: Error {}
}

// MARK: The actual state

extension EventHistory {
  /// The resolution of event times in nanoseconds: they are rounded down to a microsecond.
  static let blur: Int64 = 1000

  /// Whether a reported time is an actual one, rounded down.
  static func isTime(_ reported: WallTime?, _ time: WallTime?) -> Bool {
    guard let reported, let time else { return reported == nil && time == nil }
    return (0..<blur).contains(time - reported)
  }

  func wall(_ point: Int) -> WallTime { epochs[points[point].session] + points[point].boot }
  func wallEnd(_ point: Int) -> WallTime { epochs[points[point].session] + points[point].end }
  /// The time from which on events cover the changes after a point. An event is one moment, and so is a sample that
  /// only verified the events.
  func since(_ point: Int) -> WallTime {
    points[point].isEvent || points[point].isExact ? wall(point) : wallEnd(point)
  }

  /// Whether there is a gap before a point; `point` may be one past the last.
  func isCutOff(_ point: Int) -> Bool {
    point == 0 || point == points.count || points[point].gap != nil
      || points[point].session != points[point - 1].session
  }

  /// Whether intervals are split at a point.
  func isBound(_ point: Int) -> Bool { isCutOff(point) }

  /// Whether an actor that continues in another session becomes another process in the file: no sample showed it
  /// after the clock tick of its start, so its PID may have been reused within that tick.
  func isForgotten(_ actor: Int, at point: Int) -> Bool {
    guard point > 0, points[point].session != points[point - 1].session,
      points[point - 1].reported[actor] != nil, points[point].reported[actor] != nil
    else { return false }
    // Nothing is stored by which a thread could be recognised in a later session.
    if actors[actor].tid != nil { return true }
    guard let sample = points[..<point].last(where: { !$0.isEvent }) else {
      return false
    }
    return sample.boot <= (actors[actor].entries[0].from / Self.tick + 1) * Self.tick
  }

  /// The resolution of start times in nanoseconds.
  static let tick: Int64 = 10_000_000

  /// Returns the actual links of an actor.
  func links(_ actor: Int, at boot: Int64) -> [LinkState]? {
    actors[actor].entries.first { $0.from <= boot && boot < $0.until ?? Int64.max }?.links
  }

  /// Returns the actual process of a PID.
  func process(_ pid: Int32, at boot: Int64) -> Int? {
    actors.indices.first {
      actors[$0].pid == pid && actors[$0].tid == nil && links($0, at: boot) != nil
    }
  }

  /// Whether the reports on an actor are wrong at a time.
  func isWronglyReported(_ actor: Int, at boot: Int64) -> Bool {
    wrongReports.contains { $0.actor == actor && boot >= $0.from && boot <= $0.until }
  }

  /// Whether a thread with these links is in all namespaces of its process.
  func isReturned(_ actor: Int, _ links: [LinkState]?, _ process: [LinkState]?) -> Bool {
    guard actors[actor].tid != nil, let links, let process else { return false }
    return NamespaceType.allCases.allSatisfy {
      Self.part(links, $0.link) == Self.part(process, $0.link)
    }
  }

  /// Whether a thread actually is in all namespaces of its process.
  func isReturned(_ actor: Int, at boot: Int64) -> Bool {
    isReturned(
      actor, links(actor, at: boot), actors[actor].parent.flatMap { links($0, at: boot) })
  }

  /// Returns the number of an actor from its name; -1 for none.
  func number(_ process: ProcessRecord?) -> Int {
    number(process?.comm)
  }
  func number(_ comm: String?) -> Int { comm.flatMap { Int($0.dropFirst()) } ?? -1 }

  /// Returns the state of a link in a set.
  static func part(_ links: [LinkState]?, _ link: NamespaceLink) -> LinkState? {
    links?[Int(link.rawValue)]
  }

  /// The actors on which reports were wrong at some time.
  var wronglyReported: Set<Int> { Set(wrongReports.map(\.actor)) }
}

extension EventHistory {
  /// One line for each point, for the message of a failure.
  var excerpt: String {
    points.indices.map { index in
      let point = points[index]
      let before = index > 0 ? points[index - 1].reported : [:]
      let news = Set(before.keys).union(point.reported.keys).sorted().compactMap {
        actor -> String? in
        guard before[actor] != point.reported[actor] else { return nil }
        guard let now = point.reported[actor] else { return "-a\(actor)" }
        let links = NamespaceLink.allCases.filter {
          Self.part(before[actor], $0) != Self.part(now, $0)
        }.map { "\($0.fileName)=\(Self.part(now, $0)?.key.map { "\($0.id ?? 0)" } ?? "?")" }
        let tid = actors[actor].tid.map { "/\($0)" } ?? ""
        return "a\(actor)(\(actors[actor].pid)\(tid)) \(links.joined(separator: " "))"
      }
      let kind = point.isEvent ? "event" : point.isExact ? "exact" : "sample"
      return "\(index + 1) \(kind) \(wall(index)) gap \(point.gap.map { "\($0)" } ?? "-") "
        + news.joined(separator: "; ")
    }.joined(separator: "\n")
  }
}
