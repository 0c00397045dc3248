/// One sample, or an event: what has a number in the order of samples.
struct SamplePoint: Hashable {
  let id: Int64
  /// When it began, on both clocks, and how long it took.
  let wall: Int64
  let boot: Int64
  let took: Int64
  let gap: GapCause?
  let session: SessionSpan
  /// Whether events told all that happened since the one before: then that held until this, and this
  /// is of one moment.
  var isExact = false
  /// Whether it is an event.
  var isEvent = false

  // What a file says is not trusted to be a time: it wraps, and never traps.
  var wallEnd: Int64 { wall &+ took }
  var bootEnd: Int64 { boot &+ took }

  /// When a process that it was the first to show was there: not before it started, which may have
  /// been while the sample was taken. A start more than a minute later is none of its time.
  static func firstSeen(at wall: Int64, start: Int64?) -> Int64 {
    guard let start, start > wall, start &- wall < 60_000_000_000 else { return wall }
    return start
  }

  /// Whether it is known of what was before it only that it is not known: it begins a session, or
  /// has a gap before it.
  var isCutOff: Bool { id == session.first || gap != nil }
}
