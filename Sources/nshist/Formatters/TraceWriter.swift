internal import NSHistory
internal import NamespaceModel

/// Writes a history as Trace Event JSON, which Perfetto and the tracing page of Chromium open ("Trace Event Format").
///
/// A process track is a container, or the host. A thread track is a type of namespace of one process or thread, and
/// each slice on it is an interval in one namespace: slices of one track must not overlap, so each type has a track of
/// its own. An instant is a change with a mark, and an arrow leads from a process that was joined to the one that
/// joined it.
///
/// Events are written as they come, in the order of processes, which the format permits. The writer remembers the
/// containers, and of a part of a history the processes. A process that is in a mark and not in that part has a track
/// all the same, with a slice as short as can be: an instant or the end of an arrow needs one.
struct TraceWriter: ~Copyable {
  private let output: OutputFile
  private let messages: Messages
  /// The time at which the trace begins. Times in the trace are microseconds after it, since numbers of the format have
  /// no room for nanoseconds of today.
  private let base: WallTime
  /// The number of slices.
  private(set) var rows = 0
  private var isFirst = true
  /// The process track of each container, by its id.
  private var tracks: [String: Int] = [:]
  /// The process whose slices were written last, and the end of its last slice of each type.
  private var current: (row: Int64, version: Int)?
  private var ends: [NamespaceType: WallTime] = [:]
  /// The types whose tracks were given the present name of that process.
  private var namedTypes: [NamespaceType] = []
  private var flows = 0
  /// The processes that have slices; nil if all have.
  private var written: Set<Int64>?

  /// - Parameter isPart: whether only some processes are written.
  init(base: WallTime, isPart: Bool, output: OutputFile, _ messages: Messages) {
    self.base = base
    written = isPart ? [] : nil
    self.output = output
    self.messages = messages
  }

  /// Returns the time at which a trace begins: a full hour in UTC, so that the ruler of a viewer shows the minutes and
  /// seconds of the clock. Viewers leave out what has a time below zero, so it is at least an hour before the earliest
  /// sample: after the clock was set back, events have earlier times than the next sample.
  static func base(earliest: WallTime) -> WallTime {
    let hour: Int64 = 3_600_000_000_000
    let rest = earliest.nanoseconds % hour
    return earliest &- (rest < 0 ? rest + hour : rest) &- hour
  }

  /// The process track of everything that is in no container.
  private static let host = 1

  /// Writes the part before the first event.
  mutating func begin() throws(OutputError) {
    let head = JSON.object([
      ("program", .string(Program.nameAndVersion)), ("begin", .time(base)),
    ]).compact
    try output.write("{\"displayTimeUnit\": \"ns\", \"otherData\": \(head), \"traceEvents\": [")
    try event([
      ("name", .string("process_name")), ("ph", .string("M")), ("pid", .integer(Int64(Self.host))),
      ("args", .object([("name", .string("host"))])),
    ])
  }

  /// Writes one interval of a process.
  mutating func write(_ process: ExportProcess, _ piece: ExportPiece) throws(OutputError) {
    if current?.row != process.row {
      ends.removeAll()
      written?.insert(process.row)
    }
    // The last name that a track is given is the one that viewers show.
    if current.map({ $0.row != process.row || $0.version != process.version }) ?? true {
      namedTypes.removeAll()
    }
    current = (process.row, process.version)
    // After a step of the clock a slice may begin before the one before it ended: it gets a track of its own.
    let isAgain = ends[piece.type].map { piece.from < $0 } ?? false
    let track = try track(of: process.cgroupMembership?.container)
    let thread = Self.thread(process.row, piece.type, isAgain: isAgain)
    let comm = process.hasComm ? String(decoding: process.comm, as: UTF8.self) : "(name not known)"
    let number = TaskNumber(pid: process.pid, tid: process.tid)
    let isNamed = namedTypes.contains(piece.type)
    if !isNamed { namedTypes.append(piece.type) }
    if !isNamed || isAgain {
      let again = isAgain ? " (after the clock was set)" : ""
      try name(thread, of: track, "\(number) \(comm) \(piece.type)\(again)")
    }
    ends[piece.type] = max(piece.until, ends[piece.type] ?? piece.until)
    let namespace = piece.value.namespace
    var reason: UnreadReason?
    if case .unread(let why) = piece.value { reason = why }
    try slice(
      namespace?.text ?? "\(piece.type): \(reason.map { "\($0)" } ?? "unknown")", of: piece.type,
      from: piece.from, for: max(0, piece.until &- piece.from), on: track, thread,
      [
        ("pid", .integer(process.pid)), ("comm", .string(comm)),
        ("uid", .optional(process.uid, JSON.integer)),
        ("inode", .optional(namespace?.inode) { .string(String($0)) }),
        ("id", .optional(namespace?.kernelID) { .string(String($0)) }),
        ("initial", .optional(namespace?.isInitial, JSON.bool)),
        ("unread", .optional(reason) { .string("\($0)") }),
        ("from", .time(piece.from)), ("until", .time(piece.until)),
        ("from_exact", .bool(piece.isExactFrom)), ("until_exact", .bool(piece.isExactUntil)),
      ])
    rows += 1
  }

  /// Writes the marks of a change as an instant, and an arrow from the process that was joined.
  mutating func write(_ change: NamespaceChange) throws(OutputError) {
    guard let time = change.by, let process = change.process, !change.marks.isEmpty,
      let part = change.parts.first(where: { $0.how.mayBeJoined || $0.how == .new })
        ?? change.parts.first
    else { return }
    let (track, thread) = try place(of: process, part, at: time)
    let names = change.marks.map(\.rawValue).joined(separator: ", ")
    let text = ChangeFormatter(row: ChangeRow(change: change, parts: change.parts), detail: .id)
      .text
    try event([
      ("name", .string(names)), ("cat", .string("mark")), ("ph", .string("i")),
      ("ts", self.time(time)), ("pid", .integer(Int64(track))), ("tid", .integer(thread)),
      ("s", .string("t")), ("args", .object([("what", .string(text))])),
    ])
    guard change.marks.contains(.joined), let joined = change.joined, joined.id != process.id else {
      return
    }
    flows += 1
    let other = try place(of: joined, part, at: time)
    let sides: [(phase: String, track: Int, thread: Int64)] = [
      ("s", other.track, other.thread), ("f", track, thread),
    ]
    for side in sides {
      var keys: [(String, JSON)] = [
        ("name", .string("joined")), ("cat", .string("joined")), ("ph", .string(side.phase)),
        ("id", .integer(Int64(flows))), ("ts", self.time(time)),
        ("pid", .integer(Int64(side.track))), ("tid", .integer(side.thread)),
      ]
      // The arrow ends at the slice around the time, not at the next one.
      if side.phase == "f" { keys.append(("bp", .string("e"))) }
      try event(keys)
    }
  }

  /// Writes the part after the last event, and finishes the output.
  mutating func end() throws(OutputError) {
    try output.write("\n]}\n")
    try output.finish()
  }

  // MARK: Parts

  /// Returns the process track of a container; names it when it is new.
  private mutating func track(of container: ContainerRecord?) throws(OutputError) -> Int {
    guard let container else { return Self.host }
    if let known = tracks[container.id] { return known }
    let track = Self.host + 1 + tracks.count
    tracks[container.id] = track
    try event([
      ("name", .string("process_name")), ("ph", .string("M")), ("pid", .integer(Int64(track))),
      ("args", .object([("name", .string(container.text))])),
    ])
    return track
  }

  /// Returns the tracks of a process in a mark. Gives a process without slices one of a nanosecond.
  private mutating func place(
    of process: ProcessRecord, _ part: NamespaceChange.Part, at time: WallTime
  ) throws(OutputError) -> (track: Int, thread: Int64) {
    let track = try track(of: process.container)
    let thread = Self.thread(process.id, part.link.type, isAgain: false)
    guard let written, !written.contains(process.id) else { return (track, thread) }
    try name(thread, of: track, "\(process.number) \(process.shownName) \(part.link.type)")
    try slice(
      (part.to ?? part.from)?.text ?? "\(part.link.type): unknown", of: part.link.type, from: time,
      for: 1, on: track, thread, [("pid", .integer(process.pid)), ("left_out", .bool(true))])
    return (track, thread)
  }

  private mutating func slice(
    _ name: String, of type: NamespaceType, from: WallTime, for length: Int64, on track: Int,
    _ thread: Int64, _ arguments: [(String, JSON)]
  ) throws(OutputError) {
    try event([
      ("name", .string(name)), ("cat", .string(type.name)), ("ph", .string("X")),
      ("ts", time(from)), ("dur", microseconds(length)), ("pid", .integer(Int64(track))),
      ("tid", .integer(thread)), ("args", .object(arguments)),
    ])
  }

  private mutating func name(
    _ thread: Int64, of track: Int, _ name: String
  ) throws(OutputError) {
    try metadata("thread_name", thread, of: track, ("name", .string(name)))
    let order = JSON.integer(thread % Int64(Int32.max))
    try metadata("thread_sort_index", thread, of: track, ("sort_index", order))
  }

  private mutating func metadata(
    _ kind: String, _ thread: Int64, of track: Int, _ value: (String, JSON)
  ) throws(OutputError) {
    try event([
      ("name", .string(kind)), ("ph", .string("M")), ("pid", .integer(Int64(track))),
      ("tid", .integer(thread)), ("args", .object([value])),
    ])
  }

  /// Returns the number of a thread track. Viewers read 32 bits of it, which suffice for 67 million tasks.
  private static func thread(_ row: Int64, _ type: NamespaceType, isAgain: Bool) -> Int64 {
    let task = row.magnitude &* 2 &+ (row < 0 ? 1 : 0)
    let track = (task &* 16 &+ UInt64(type.rawValue) &- 1) &* 2 &+ (isAgain ? 1 : 0)
    return Int64(track & 0xFFFF_FFFF)
  }

  private func time(_ time: WallTime) -> JSON { microseconds(time &- base) }

  private func microseconds(_ nanoseconds: Int64) -> JSON {
    let rest = String((nanoseconds % 1000).magnitude)
    let sign = nanoseconds < 0 ? "-" : ""
    let zeros = String(repeating: "0", count: 3 - rest.count)
    return .number("\(sign)\((nanoseconds / 1000).magnitude).\(zeros)\(rest)")
  }

  private mutating func event(_ keys: [(String, JSON)]) throws(OutputError) {
    try output.write((isFirst ? "\n" : ",\n") + JSON.object(keys).compact)
    isFirst = false
    if rows % 4096 == 0 { messages.progress() }
  }
}
