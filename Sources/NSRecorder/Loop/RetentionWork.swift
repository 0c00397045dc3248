internal import Logging
internal import NSHistory
internal import NamespaceModel

/// Retention: removes the oldest part of the history when it exceeds a limit of age or size, in short steps between
/// samples, and logs what a user should know of it.
struct RetentionWork {
  private let logger: Logger
  private let limits: RetentionLimits
  /// The time from one sample to the next, in nanoseconds.
  private let interval: Int64
  /// The time on the boot clock from which on the next step may be taken; `.max` while no step is pending.
  private(set) var due: BootTime = .max
  /// Whether the size of the file is above its limit.
  private(set) var isUrgent = false
  /// When the last message that the size limit shortens the history was logged, on the boot clock.
  private var cutLogged: BootTime?
  private var hasLoggedFailure = false
  /// The number of removed rows: memberships, each of which says that a task was in a namespace set over some time, and
  /// short-lived tasks.
  private(set) var removedRows = 0
  /// The CPU time of all steps, in nanoseconds.
  private(set) var cpuTime: Int64 = 0
  /// The time on the boot clock at which the pending step was requested, or at which the step before it was taken; nil
  /// while no step is pending.
  private var waiting: BootTime?

  /// The shortest time between two messages about the size, in nanoseconds.
  private static let hour: Int64 = 3_600_000_000_000
  /// The time that must remain until the next sample after a step, in nanoseconds.
  private static let margin: Int64 = 2_000_000
  /// The duration of a step, in nanoseconds, up to which an urgent step is taken although it delays the next sample: if
  /// the interval between samples is very short, no step would fit otherwise.
  private static let longestSampleDelay: Int64 = 15_000_000
  /// How long a step that does not fit before the next sample is put off, in nanoseconds. Without this limit, the file
  /// of a recorder that is always late would grow without end.
  private static let longestWait: Int64 = 2_000_000_000
  /// The same while the size is above its limit, when the size matters more than a delay of the next sample.
  private static let longestUrgentWait: Int64 = 250_000_000
  /// The delay until the next step after one that failed, in nanoseconds.
  private static let rest: Int64 = 1_000_000_000

  init(_ logger: Logger, _ limits: RetentionLimits, interval: Int64) {
    self.logger = logger
    self.limits = limits
    self.interval = interval
  }

  /// Schedules the next step after rows were written, unless a step is pending or there is no limit.
  mutating func request(_ writer: HistoryWriter) {
    guard due == .max, let next = writer.retentionDue else { return }
    due = next
    waiting = ClockReading.now().boot
  }

  /// Whether a step may be taken now: if it ends before the next sample is due, if it is short and the size is above
  /// its limit, or if a step has been pending for too long.
  ///
  /// - Parameter sample: the time on the boot clock at which the next sample is due.
  func fits(_ writer: HistoryWriter, before sample: BootTime, at now: BootTime) -> Bool {
    Self.fits(
      writer.retentionEstimate, before: sample, at: now, interval: interval,
      waited: waiting.map { now - $0 }, isUrgent: isUrgent)
  }

  /// Whether a step that may take `estimate` nanoseconds may be taken before a sample that is due at a time on the boot
  /// clock: it is done by then, it is short and the size is above its limit, or no step was taken for too long.
  static func fits(
    _ estimate: Int64, before sample: BootTime, at now: BootTime, interval: Int64, waited: Int64?,
    isUrgent: Bool
  ) -> Bool {
    if now &+ estimate &+ margin < sample || estimate < longestSampleDelay && isUrgent {
      return true
    }
    guard let waited else { return false }
    let longest = isUrgent ? longestUrgentWait : longestWait
    // A step that has room between two samples waits for the next one, and would delay that if it were taken now.
    return waited > (estimate + margin < interval ? longest + interval : longest)
  }

  /// The number of events after which a sample is taken early; nil for no limit. A transaction of retention moves the
  /// watermark, before which the history is removed, from a sample to a later one. So this limits how much one
  /// transaction has to remove.
  var mostEvents: Int64? { limits.maxSize.map { min($0 / 512, 1 << 16) } }

  /// Takes one step.
  mutating func step(_ writer: HistoryWriter) {
    let began = ClockReading.now()
    waiting = began.boot
    defer {
      if due == .max { waiting = nil }
      cpuTime += ClockReading.now().running - began.running
    }
    do throws(HistoryError) {
      let step = try writer.retain()
      isUrgent = step.isUrgent
      due = step.hasMore ? .min : .max
      hasLoggedFailure = false
      removedRows += step.removedRows
      if let notice = step.notice { say(notice) }
    } catch {
      if !hasLoggedFailure { logger.error("\(error); trying again") }
      hasLoggedFailure = true
      isUrgent = false
      due = ClockReading.now().boot + Self.rest
    }
  }

  private mutating func say(_ notice: RetentionNotice) {
    let limit = limits.maxSize.map(Self.size) ?? ""
    switch notice {
    case .cutBySize(let first):
      let now = ClockReading.now().boot
      if let cutLogged, now - cutLogged < Self.hour { return }
      cutLogged = now
      let age = limits.keep.map { ", less than --keep \(TimeFormat.duration($0))" } ?? ""
      logger.notice(
        """
        the file reached --max-size \(limit): the history now begins at \
        \(TimeFormat.localTime(first, .local))\(age); a larger --max-size keeps more
        """)
    case .logIsBlocked(let bytes):
      logger.warning(
        """
        a program that reads the file keeps its -wal file from being used again, which has \
        \(Self.size(bytes)): --max-size \(limit) cannot be kept until that program ends its read
        """)
    case .nothingToRemove(let bytes):
      logger.warning(
        """
        the file has \(Self.size(bytes)), more than --max-size \(limit), and all of it is about \
        the last samples: nothing can be removed
        """)
    }
  }

  private static func size(_ bytes: Int64) -> String { "\((bytes + (1 << 19)) >> 20)M" }
}
