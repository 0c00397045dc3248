public import NSHistory

/// The configuration of a recorder.
public struct RecorderConfiguration: Sendable {
  /// The path of the history file.
  public var database: String
  /// Nanoseconds from the start of one sample to the start of the next: above zero, and
  /// `longestInterval` at most.
  public var interval: Int64
  /// The number of samples to take; nil to record until a signal.
  public var samples: Int?
  /// The path of the `/proc` to read.
  public var procRoot: String
  /// The source of samples.
  package var source = Source.auto
  /// Whether to listen to the kernel's events.
  public var events: Events
  /// Whether each sample reads the threads of every process. If false, the recorder reads all threads
  /// only for the sample of a start or resync, and otherwise those of processes whose main thread has
  /// exited.
  public var threads: Bool
  /// The size in bytes of each processor's event ring, which has to hold the events that the kernel
  /// reports while the recorder is busy.
  public var eventRing: Int
  /// Which of the short-lived processes, those that start and exit between two samples, the history records.
  public var shortLived: ShortLived
  /// Whether the history holds the command lines of processes. They may hold passwords.
  public var commandLines: Bool
  /// Nanoseconds from one scan for pins of namespaces (mounts, open files and sockets) to the next; nil to
  /// disable the scans. The recorder checks whether a scan is due after it writes a sample or events.
  public var pinsEvery: Int64?
  /// The path of the host's root directory, where names of containers are looked up; nil for the parent
  /// directory of `procRoot`, if that is called `proc`.
  public var hostRoot: String?
  /// The age, in nanoseconds, from which on the recorder removes recorded data from the history; nil for no limit.
  public var keep: Int64?
  /// The size in bytes, of the file together with its `-wal` file, at which the recorder removes the oldest part of the
  /// history; nil for no limit.
  public var maxSize: Int64?
  var limits: RetentionLimits { RetentionLimits(keep: keep, maxSize: maxSize) }
  /// The name and version of the recording program, stored in the history file.
  public var program: String

  /// The source of samples. The raw value is the value of the command-line option.
  package enum Source: String, Sendable, Hashable, CaseIterable {
    /// The BPF task iterator, or `/proc` where that is not possible.
    case auto
    /// The BPF task iterator, or fail if that is not possible.
    case bpf
    /// `/proc`.
    case proc
  }

  /// Whether to listen to the kernel's events. The raw value is the value of the command-line option.
  public enum Events: String, Sendable, Hashable, CaseIterable {
    /// Listen by BPF programs; by perf events, where that is not possible; otherwise take samples only and log the
    /// reason once.
    case auto
    /// Listen by BPF programs; by perf events, where that is not possible; otherwise fail.
    case on
    /// Listen by BPF programs, which report each start, exec and exit with the namespaces of the task, or fail.
    case bpf
    /// Listen by perf events, or fail.
    case perf
    /// Do not listen.
    case off
  }

  /// The default size of an event ring: 4 MiB, which holds the events of more than ten thousand processes that start
  /// and exit.
  public static let usualEventRing = 4 << 20

  /// The default time between two scans for pins: one minute, in nanoseconds.
  public static let usualPinsEvery: Int64 = 60_000_000_000

  /// The longest interval between samples: one year, in nanoseconds.
  package static let longestInterval: Int64 = 366 * 86_400_000_000_000

  /// A configuration with these values.
  public init(
    database: String, interval: Int64 = 5_000_000_000, samples: Int? = nil,
    procRoot: String = "/proc", events: Events = .auto, threads: Bool = false,
    eventRing: Int = RecorderConfiguration.usualEventRing, shortLived: ShortLived = .all,
    commandLines: Bool = true,
    pinsEvery: Int64? = RecorderConfiguration.usualPinsEvery,
    hostRoot: String? = nil, keep: Int64? = 30 * 86_400_000_000_000, maxSize: Int64? = 2 << 30,
    program: String = "NSRecorder"
  ) {
    self.database = database
    self.interval = interval
    self.samples = samples
    self.procRoot = procRoot
    self.events = events
    self.threads = threads
    self.eventRing = eventRing
    self.shortLived = shortLived
    self.commandLines = commandLines
    self.pinsEvery = pinsEvery
    self.hostRoot = hostRoot
    self.keep = keep
    self.maxSize = maxSize
    self.program = program
  }
}
