package import NamespaceModel
internal import SQLite

/// The result of a step of retention.
package struct RetentionStep: Sendable, Hashable {
  /// Whether more is to be done, so that the caller should call again when it has time.
  package var hasMore = false
  /// Whether the size is above its limit, so that no other work is more urgent.
  package var isUrgent = false
  /// Something that the user of the recorder should know.
  package var notice: RetentionNotice?
  /// Whether the watermark was moved.
  var hasRemoved = false
  /// The memberships and short-lived tasks that were removed.
  package internal(set) var removedRows = 0
}

/// A condition of retention that the recorder should report to its user.
package enum RetentionNotice: Sendable, Hashable {
  /// Rows were removed because of the limit of size, although the limit of age would have retained them. The history
  /// now begins at this time.
  case cutBySize(from: WallTime)
  /// A reader keeps SQLite from shortening the `-wal` file, which has this size in bytes.
  case logIsBlocked(bytes: Int64)
  /// The file has this size in bytes, above its limit, and no sample of it may be removed yet.
  case nothingToRemove(bytes: Int64)
}

/// Keeps a history within its limits, in steps of a few milliseconds that a recorder takes between its samples.
///
/// `Pruner` removes the rows, and SQLite uses their pages for the next rows. Pages are cut off the end of the file only
/// if the file is larger than its limit, or if more than a fifth of it is empty.
final class Retention {
  private let limits: RetentionLimits
  private let bounds: SizeBounds?
  private let connection: Connection
  private let pruner: Pruner
  private let path: String
  /// The clocks at the beginning of the session, and its boot: they show the age of a sample, whatever the wall clock
  /// is set to meanwhile.
  private let began: ClockReading
  private let boot: Int64
  private var stride = PruneStride()
  /// Whether the size was above `SizeBounds.high` and is not below `SizeBounds.low` yet.
  private var isCutting = false
  /// Whether a run of moves is under way that removes samples because of their age. They are removed in runs, because
  /// each move of the watermark has a fixed cost.
  private var isExpiring = false
  /// When the oldest sample is old enough for the next run, on the boot clock.
  private var expires: BootTime = .min
  /// Whether a reader kept SQLite from shortening the `-wal` file at the last step.
  private var isBlocked = false
  /// Whether the caller got the notice `nothingToRemove` since rows were removed last.
  private var hasNoticedExcess = false
  /// The time on the boot clock before which a step can do nothing.
  private var notBefore: BootTime = .min

  /// The instructions of SQLite's virtual machine between two calls of `onPause`: about a millisecond.
  private static let stepsAPause: Int32 = 20_000
  /// How many pages one step cuts off.
  private static let pagesAStep: Int64 = 128
  /// How long no step is taken while a reader holds the `-wal` file, in nanoseconds.
  private static let restWhileBlocked: Int64 = 1_000_000_000
  /// The longest recorded time that one run removes because of its age, in nanoseconds: see `planRun`.
  private static let longestRun: Int64 = 3_600_000_000_000

  init(
    _ path: String, _ limits: RetentionLimits, began: ClockReading, boot: Int64
  ) throws(SQLiteError) {
    self.path = path
    self.limits = limits
    self.began = began
    self.boot = boot
    bounds = limits.maxSize.map(SizeBounds.init)
    connection = try Self.connection(path)
    pruner = try Pruner(connection)
    if let bounds { try Self.limit(bounds.log, of: connection) }
  }

  /// Opens a connection for the removal of rows. It never waits for a lock, because a sample may be due. Its commits
  /// are not synced to the device: the commit of the next sample is, and if a power cut undoes a removal, the removal
  /// is repeated.
  static func connection(_ path: String) throws(SQLiteError) -> Connection {
    let connection = try Connection(path: RealPath.of(path), access: .readWrite)
    connection.setBusyTimeout(milliseconds: 0)
    try connection.execute("PRAGMA synchronous = NORMAL")
    // Where SQLite is built to overwrite removed rows with zeros, it would write each freed page once more.
    try connection.execute("PRAGMA secure_delete = FAST")
    return connection
  }

  /// Limits the size of the `-wal` file.
  static func limit(_ log: Int64, of connection: Connection) throws(SQLiteError) {
    try connection.execute("PRAGMA wal_autocheckpoint = \(log / 4096)")
    try connection.execute("PRAGMA journal_size_limit = \(log)")
  }

  /// Sets the closure that a step calls periodically while it removes many rows, so that the caller can do work that
  /// cannot wait.
  func onPause(_ body: (() -> Void)?) {
    connection.onProgress(every: Self.stepsAPause) { body?() }
  }

  /// The size of the `-wal` file at which the connection of the writer should copy it into the main file, as this one
  /// does; nil without a limit.
  var log: Int64? { bounds?.log }

  /// The time on the boot clock before which no step can do anything.
  var due: BootTime { notBefore }

  /// The time that the next step may take, in nanoseconds. A step that gives pages back is much shorter than one that
  /// moves the watermark, so that each kind is estimated by its own.
  var estimate: Int64 { isCutting || isExpiring ? moveTime.estimate : giveBackTime.estimate }
  private var moveTime = StepTime()
  private var giveBackTime = StepTime()

  /// Does one step of work, if there is any.
  ///
  /// - Parameters:
  ///   - now: the time, as the writer's samples have it.
  ///   - last: the last sample that may become the watermark.
  ///   - resumable: tasks whose rows remain.
  func step(
    now: ClockReading, upTo last: SequenceNumber, resumable: [TaskID]
  ) throws(SQLiteError) -> RetentionStep {
    var step = RetentionStep()
    guard now.boot >= notBefore else { return step }
    let start = ClockReading.now().monotonic
    defer {
      let time = ClockReading.now().monotonic - start
      if step.hasRemoved {
        moveTime.took(time)
      } else if step.hasMore {
        giveBackTime.took(time)
      }
    }
    if let bounds, try isLogBlocked(bounds, now, &step) { return step }
    var space: FileSpace?
    if let bounds, isCutting || size > bounds.high {
      let found = try FileSpace(connection)
      space = found
      isCutting = found.used > (isCutting ? bounds.low : bounds.high)
      step.isUrgent = found.file + logSize > bounds.maxSize
    }
    if isCutting || isExpired(now) { try prune(now, upTo: last, resumable, &step) }
    if !step.hasMore, space != nil || stride.hasMoved {
      let found = if let space { space } else { try FileSpace(connection) }
      step.hasMore = try giveBack(found)
    }
    return step
  }

  /// Cuts pages off the end of the file, if the file is larger than its limit or if much of it is empty. Returns
  /// whether it did.
  private func giveBack(_ space: FileSpace) throws(SQLiteError) -> Bool {
    stride.hasMoved =
      space.isIncremental && space.free > 0
      && (space.file > bounds?.file ?? .max || space.isSparse)
    if stride.hasMoved {
      try FileSpace.giveBack(min(space.free, Self.pagesAStep), on: connection)
    }
    return stride.hasMoved
  }

  /// The size of the file with its `-wal`.
  private var size: Int64 { FileSpace.size(path) + logSize }
  private var logSize: Int64 { FileSpace.size(RealPath.of(path) + "-wal") }

  /// Returns whether a reader keeps SQLite from writing the `-wal` file from its beginning again. Then a removal would
  /// gain no space: its own writes would only make that file longer.
  private func isLogBlocked(
    _ bounds: SizeBounds, _ now: ClockReading, _ step: inout RetentionStep
  ) throws(SQLiteError) -> Bool {
    let size = logSize
    guard size > 2 * bounds.log else {
      isBlocked = false
      return false
    }
    let result = try connection.prepare("PRAGMA wal_checkpoint(PASSIVE)").first {
      (all: $0.integer(1), copied: $0.integer(2))
    }
    guard let result, result.copied < result.all else { return false }
    if !isBlocked { step.notice = .logIsBlocked(bytes: size) }
    isBlocked = true
    notBefore = now.boot + Self.restWhileBlocked
    return true
  }

  /// Returns whether samples are to be removed because of their age.
  private func isExpired(_ now: ClockReading) -> Bool {
    guard limits.keep != nil else { return false }
    return isExpiring || now.boot >= expires
  }

  /// Moves the watermark once, and plans the next move.
  private func prune(
    _ now: ClockReading, upTo last: SequenceNumber, _ resumable: [TaskID],
    _ step: inout RetentionStep
  ) throws(SQLiteError) {
    let age =
      isCutting ? nil : limits.keep.map { Age(now: now, began: began, boot: boot, keep: $0) }
    guard let target = try stride.next(after: pruner, on: connection, upTo: last, olderThan: age)
    else {
      if isCutting {
        if !hasNoticedExcess { step.notice = .nothingToRemove(bytes: size) }
        hasNoticedExcess = true
      } else {
        try planRun(now)
      }
      return
    }
    let removal = try pruner.move(to: target.seq, resumable: resumable)
    stride.moved(removal)
    step.removedRows = removal.removed
    isExpiring = !isCutting
    hasNoticedExcess = false
    step.hasMore = true
    step.hasRemoved = true
    if isCutting, isYoung(target, now) { step.notice = .cutBySize(from: target.wall) }
  }

  /// Whether the limit of age would still retain a sample.
  private func isYoung(_ sample: PruneStride.Target, _ now: ClockReading) -> Bool {
    guard let keep = limits.keep else { return true }
    return !Age(now: now, began: began, boot: boot, keep: keep).includes(sample)
  }

  /// Sets when the next run that removes samples because of their age begins: when the oldest sample is older than
  /// the age by the length of a run.
  private func planRun(_ now: ClockReading) throws(SQLiteError) {
    isExpiring = false
    guard let keep = limits.keep else { return }
    let age = Age(now: now, began: began, boot: boot, keep: keep)
    guard let oldest = try PruneStride.oldest(on: connection) else { return }
    expires = now.boot + age.rest(of: oldest) + min(keep / 64, Self.longestRun)
  }
}

/// The time that steps of one kind take.
private struct StepTime {
  /// Half as much again as the slowest of the last steps, in nanoseconds. Every few steps SQLite copies the `-wal`
  /// file, which takes many times as long as a step.
  private(set) var estimate: Int64 = 20_000_000

  private static let least: Int64 = 2_000_000

  mutating func took(_ time: Int64) {
    estimate = max(time * 3 / 2, estimate - estimate / 32, Self.least)
  }
}

extension FileSpace {
  /// Whether so much of the file is empty that it is worth giving back: more than a fifth, and more than 8 MiB.
  fileprivate var isSparse: Bool { free * 5 > pages && free * pageSize > 8 << 20 }
}

/// The limit of age of retention, at one moment. It decides which samples are older than the limit.
struct Age {
  private let wall: WallTime
  private let bootTime: BootTime
  private let boot: Int64

  /// - Parameter began: the clocks at an earlier moment of the same boot. The wall time of `now` is computed from them
  ///   and the boot clock, because the wall clock may have been set to a wrong time since.
  init(now: ClockReading, began: ClockReading, boot: Int64, keep: Int64) {
    bootTime = now.boot &- keep
    wall = began.wall &+ (now.boot &- began.boot) &- keep
    self.boot = boot
  }

  /// How long, in nanoseconds, until a sample reaches the limit; 0 or less if it has reached it.
  func rest(of sample: PruneStride.Target) -> Int64 {
    sample.boot == boot ? sample.bootTime &- bootTime : sample.wall &- wall
  }

  /// Whether a sample has reached the limit, so that it may be removed.
  func includes(_ sample: PruneStride.Target) -> Bool { rest(of: sample) <= 0 }
}
