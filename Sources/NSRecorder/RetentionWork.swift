internal import Logging
internal import NSHistory
internal import NamespaceModel

/// Removes what is older or larger than the limits, in steps between samples, and says what a user should know of it.
struct RetentionWork {
  private let logger: Logger
  private let limits: RetentionLimits
  /// The time on the boot clock from which on the next step may be taken; `.max` while there is nothing to do.
  private(set) var due: BootTime = .max
  /// Whether the size is above its limit.
  private(set) var isUrgent = false
  /// When it was last said that the size cuts the history, on the boot clock.
  private var cutLogged: BootTime?
  private var hasLoggedFailure = false
  /// The memberships and short-lived tasks that were removed.
  private(set) var removedRows = 0
  /// Since when a step is due, on the boot clock; nil while none is.
  private var waiting: BootTime?

  /// The time between two messages about the size, in nanoseconds.
  private static let hour: Int64 = 3_600_000_000_000
  /// The time that must remain until the next sample after a step, in nanoseconds.
  private static let margin: Int64 = 2_000_000
  /// The delay of a sample for which a step is taken nevertheless: with a very short interval between samples no
  /// step would fit.
  private static let delay: Int64 = 15_000_000
  /// How long no step may fit, in nanoseconds: a recorder that is always late would let the file grow on.
  private static let longestWait: Int64 = 2_000_000_000
  /// The same while the size is above its limit: then the size matters more than the delay of a sample.
  private static let longestUrgentWait: Int64 = 250_000_000
  /// The delay until the next step after one that failed, in nanoseconds.
  private static let rest: Int64 = 1_000_000_000

  init(_ logger: Logger, _ limits: RetentionLimits) {
    self.logger = logger
    self.limits = limits
  }

  /// Notes that rows were written, so that there may be something to remove.
  mutating func request(_ writer: HistoryWriter) {
    guard due == .max, let next = writer.retentionDue else { return }
    due = next
    waiting = ClockReading.now().boot
  }

  /// Whether a step may be taken before a sample that is due at a time on the boot clock: it is done by then, it is
  /// short and the size is above its limit, or no step was taken for too long.
  func fits(_ writer: HistoryWriter, before sample: BootTime, at now: BootTime) -> Bool {
    let estimate = writer.retentionEstimate
    return now &+ estimate &+ Self.margin < sample || estimate < Self.delay && isUrgent
      || waiting.map { now - $0 > (isUrgent ? Self.longestUrgentWait : Self.longestWait) } == true
  }

  /// The number of events after which a sample is taken early; nil for any number. The watermark moves from sample to
  /// sample, so that this limits what one transaction has to remove.
  var mostEvents: Int64? { limits.maxSize.map { min($0 / 512, 1 << 16) } }

  /// Takes one step.
  mutating func step(_ writer: HistoryWriter) {
    waiting = ClockReading.now().boot
    defer { if due == .max { waiting = nil } }
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
    case .logIsHeld(let bytes):
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

extension Recorder {
  /// Takes steps of retention while the size is above its limit: the events that are written meanwhile would let it
  /// grow on. A step delays the next sample only as `RetentionWork.fits` permits.
  func retainWhileUrgent() {
    retention.request(writer)
    var steps = 0
    while retention.due != .max, steps == 0 || retention.isUrgent, steps < 16 {
      let now = ClockReading.now().boot
      guard retention.due <= now, retention.fits(writer, before: sampleDue, at: now) else { return }
      retention.step(writer)
      events?.collect()
      steps += 1
    }
  }
}
