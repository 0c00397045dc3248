// A history of events between samples: what was true, to the nanosecond, what of that was reported, and
// the calls of the recorder's own door that tell it. `EventWorld` makes them up.

import NSHistory
import NamespaceModel
import TestSupport

/// A history, as it was and as it is reported.
struct EventHistory {
  typealias Key = RandomHistory.Key

  /// A process, or a thread; its number is its place in `actors`, and its name is `a` and that.
  struct Actor {
    let pid: Int32
    let tid: Int32?
    /// Who made it; nil where nothing told.
    let parent: Int?
    /// Where it was, in truth.
    var stays: [HistoryEntry] = []
    /// Of a thread, whether it was where its process was before, and moved.
    var hasMoved = false
  }

  /// A time in which an actor was in one place, on the boot clock.
  struct HistoryEntry {
    let from: Int64
    /// Nil while it is there.
    var until: Int64?
    let links: [LinkState]
  }

  /// A moment that gets a number in the file.
  struct Point {
    let session: Int
    /// When it was, or began; and when it was over.
    let boot: Int64
    var end: Int64
    var isEvent = false
    /// Whether all that happened since the one before was reported.
    var isExact = false
    var gap: GapCause?
    var disagreements = 0
    /// Where everyone is from here on, as it is reported.
    var told: [Int: [LinkState]]
    /// What an event is about.
    var actor: Int?
  }

  /// A time in which what was reported of an actor is not what was.
  struct Doubt {
    let actor: Int
    let from: Int64
    let until: Int64
    /// Whether a sample found out.
    let isFound: Bool
  }

  /// A call.
  enum Step {
    case begin(SessionInfo)
    case events(EventBatch, isWritten: Bool)
    case sample(ProcessSample, SampleTiming)
    case end
  }

  var actors: [Actor] = []
  var points: [Point] = []
  var doubts: [Doubt] = []
  var steps: [Step] = []
  /// Of each session, when the boot clock showed zero.
  var epochs: [WallTime] = []

  /// Makes the calls; the last session is ended or is not.
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

  /// Events that are not taken as such.
  struct Refusal: Error {}
}

// MARK: What was

extension EventHistory {
  /// An event is told to the microsecond below.
  static let blur: Int64 = 1000

  /// Whether a time that was reported is when something was.
  static func isTime(_ told: WallTime?, _ time: WallTime?) -> Bool {
    guard let told, let time else { return told == nil && time == nil }
    return (0..<blur).contains(time - told)
  }

  func wall(_ point: Int) -> WallTime { epochs[points[point].session] + points[point].boot }
  func wallEnd(_ point: Int) -> WallTime { epochs[points[point].session] + points[point].end }
  /// From when on events report what follows a point: an event, or a sample that only verified, is one moment.
  func since(_ point: Int) -> WallTime {
    points[point].isEvent || points[point].isExact ? wall(point) : wallEnd(point)
  }

  /// Whether nothing is known of the time before a point; one past the last is none.
  func isCutOff(_ point: Int) -> Bool {
    point == 0 || point == points.count || points[point].gap != nil
      || points[point].session != points[point - 1].session
  }

  /// Whether one piece of time ends, and another begins, with a point.
  func isEdge(_ point: Int) -> Bool { isCutOff(point) }

  /// Whether one that goes on in another session is another process in the file: no sample had seen it
  /// after the clock tick that it started in, so that its PID may have been used again in that.
  func isForgotten(_ actor: Int, at point: Int) -> Bool {
    guard point > 0, points[point].session != points[point - 1].session,
      points[point - 1].told[actor] != nil, points[point].told[actor] != nil
    else { return false }
    // Of threads nothing is kept that tells one from another of its number.
    if actors[actor].tid != nil { return true }
    guard let sample = points[..<point].last(where: { !$0.isEvent }) else {
      return false
    }
    return sample.boot <= (actors[actor].stays[0].from / Self.tick + 1) * Self.tick
  }

  /// Start times are told to this, in nanoseconds.
  static let tick: Int64 = 10_000_000

  /// Where an actor was.
  func links(_ actor: Int, at boot: Int64) -> [LinkState]? {
    actors[actor].stays.first { $0.from <= boot && boot < $0.until ?? Int64.max }?.links
  }

  /// The process that had a PID.
  func process(_ pid: Int32, at boot: Int64) -> Int? {
    actors.indices.first {
      actors[$0].pid == pid && actors[$0].tid == nil && links($0, at: boot) != nil
    }
  }

  /// Whether what is reported of an actor at a time is not to be relied on.
  func isDoubtful(_ actor: Int, at boot: Int64) -> Bool {
    doubts.contains { $0.actor == actor && boot >= $0.from && boot <= $0.until }
  }

  /// Whether a thread with these links is in all that its process is in.
  func isReturned(_ actor: Int, _ links: [LinkState]?, _ process: [LinkState]?) -> Bool {
    guard actors[actor].tid != nil, let links, let process else { return false }
    return NamespaceType.allCases.allSatisfy {
      Self.part(links, $0.link) == Self.part(process, $0.link)
    }
  }

  /// The same by what was true.
  func isReturned(_ actor: Int, at boot: Int64) -> Bool {
    isReturned(
      actor, links(actor, at: boot), actors[actor].parent.flatMap { links($0, at: boot) })
  }

  /// The number of an actor by its name; -1 for none.
  func number(_ process: ProcessRecord?) -> Int {
    number(process?.comm)
  }
  func number(_ comm: String?) -> Int { comm.flatMap { Int($0.dropFirst()) } ?? -1 }

  /// The place of a link in a set.
  static func part(_ links: [LinkState]?, _ link: NamespaceLink) -> LinkState? {
    links?[Int(link.rawValue)]
  }

  /// The actors of which a sample had to repair what was reported.
  var doubtful: Set<Int> { Set(doubts.map(\.actor)) }
}

extension EventHistory {
  /// One line a point, for a failure.
  var excerpt: String {
    points.indices.map { index in
      let point = points[index]
      let before = index > 0 ? points[index - 1].told : [:]
      let news = Set(before.keys).union(point.told.keys).sorted().compactMap { actor -> String? in
        guard before[actor] != point.told[actor] else { return nil }
        guard let now = point.told[actor] else { return "-a\(actor)" }
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
