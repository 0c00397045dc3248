public import NamespaceModel

/// What a recorder says of itself when a session begins.
public struct SessionInfo: Sendable {
  /// `/proc/sys/kernel/random/boot_id`.
  public var bootID: String
  /// The unit of start times.
  public var ticksPerSecond: Int64
  /// The recorder's PID, as it sees itself.
  public var recorderPID: Int32
  /// Name and version of the program.
  public var program: String
  /// Nanoseconds from one sample to the next.
  public var interval: Int64
  /// How namespaces are told apart.
  public var identity: String
  /// The `/proc` that is read.
  public var procRoot: String
  /// The recorder's own pid namespace; nil when not readable.
  public var pidNamespaceInode: UInt64?
  /// The `hidepid` of the mount of `procRoot`; 0 is off.
  public var hidePID: Int64
  /// When the session began.
  public var started: ClockReading

  /// A session with these values.
  public init(
    bootID: String, ticksPerSecond: Int64, recorderPID: Int32, program: String, interval: Int64,
    identity: String, procRoot: String, pidNamespaceInode: UInt64?, hidePID: Int64,
    started: ClockReading
  ) {
    self.bootID = bootID
    self.ticksPerSecond = ticksPerSecond
    self.recorderPID = recorderPID
    self.program = program
    self.interval = interval
    self.identity = identity
    self.procRoot = procRoot
    self.pidNamespaceInode = pidNamespaceInode
    self.hidePID = hidePID
    self.started = started
  }
}

/// Why a session ended. The raw value is the text kept in the file.
public enum SessionEnd: String, Sendable, Hashable {
  /// It took as many samples as it was asked for.
  case completed
  /// A signal asked it to end.
  case stopped
  /// It could not go on.
  case failed
  /// It was never told to end: found so by the next recorder.
  case died
}

/// How a sample stands to its schedule.
public struct SampleTiming: Sendable, Hashable {
  /// Nanoseconds behind its schedule; nil when it is in time.
  public var late: Int64?
  /// Why there is no sample in the time before it; nil when there is one.
  public var gap: GapCause?

  /// A timing with these values.
  public init(late: Int64? = nil, gap: GapCause? = nil) {
    self.late = late
    self.gap = gap
  }
}
