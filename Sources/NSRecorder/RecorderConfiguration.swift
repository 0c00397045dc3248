public import NSHistory

/// What a recorder is to do.
public struct RecorderConfiguration: Sendable {
  /// The history file.
  public var database: String
  /// Nanoseconds from the start of one sample to the start of the next: above zero, and
  /// `longestInterval` at most.
  public var interval: Int64
  /// How many samples to take; nil to go on until a signal.
  public var samples: Int?
  /// The `/proc` to read.
  public var procRoot: String
  /// Whether to listen to the kernel's events.
  public var events: Events
  /// Whether each sample reads the threads of every process. If not, those are read only with which
  /// events begin, and what is beside a main thread that has exited.
  public var threads: Bool
  /// How large the ring of each processor is for events, in bytes: what the kernel reports while the
  /// recorder is busy has to find room there.
  public var eventRing: Int
  /// Which of the processes that no sample observed are kept.
  public var shortLived: ShortLived
  /// Nanoseconds from one look for what pins namespaces (mounts, open files and sockets) to the next;
  /// nil not to look. It looks beside a sample, so not more often than these are taken.
  public var pinsEvery: Int64?
  /// Where the root of the host's files is, for what engines call their containers; nil for the folder
  /// that `procRoot` is in, if that is called `proc`.
  public var hostRoot: String?
  /// Name and version of the program that records, kept in the file.
  public var program: String

  /// Whether to listen to the kernel's events. The raw value is the word of the option.
  public enum Events: String, Sendable, Hashable, CaseIterable {
    /// Where that is permitted; where not, it is said once.
    case auto
    /// Or else not to record at all.
    case on
    /// Not to listen.
    case off
  }

  /// Four MiB: more than ten thousand processes that start and exit.
  public static let usualEventRing = 4 << 20

  /// A minute, in nanoseconds.
  public static let usualPinsEvery: Int64 = 60_000_000_000

  /// A year, in nanoseconds.
  public static let longestInterval: Int64 = 366 * 86_400_000_000_000

  /// A configuration with these values.
  public init(
    database: String, interval: Int64 = 5_000_000_000, samples: Int? = nil,
    procRoot: String = "/proc", events: Events = .auto, threads: Bool = false,
    eventRing: Int = RecorderConfiguration.usualEventRing, shortLived: ShortLived = .all,
    pinsEvery: Int64? = RecorderConfiguration.usualPinsEvery,
    hostRoot: String? = nil, program: String = "NSRecorder"
  ) {
    self.database = database
    self.interval = interval
    self.samples = samples
    self.procRoot = procRoot
    self.events = events
    self.threads = threads
    self.eventRing = eventRing
    self.shortLived = shortLived
    self.pinsEvery = pinsEvery
    self.hostRoot = hostRoot
    self.program = program
  }
}
