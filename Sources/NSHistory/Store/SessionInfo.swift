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
  /// The `/proc` that is read, by its real path.
  public var procRoot: String
  /// The recorder's own pid namespace; nil when not readable.
  public var recorderPIDNamespaceInode: UInt64?
  /// The pid namespace whose processes are recorded; nil when that could not be told.
  public var shownPIDNamespace: ObservedNamespace?
  /// The recorder's time namespace, which shifts start times; nil when not readable.
  public var timeNamespaceInode: UInt64?
  /// The `hidepid` of the mount of `procRoot`; 0 is off, nil is not known.
  public var hidePID: Int64?
  /// When the session began.
  public var started: ClockReading

  /// A session with these values.
  public init(
    bootID: String, ticksPerSecond: Int64, recorderPID: Int32, program: String, interval: Int64,
    identity: String, procRoot: String, recorderPIDNamespaceInode: UInt64? = nil,
    shownPIDNamespace: ObservedNamespace? = nil, timeNamespaceInode: UInt64? = nil,
    hidePID: Int64? = 0, started: ClockReading
  ) {
    self.bootID = bootID
    self.ticksPerSecond = ticksPerSecond
    self.recorderPID = recorderPID
    self.program = program
    self.interval = interval
    self.identity = identity
    self.procRoot = procRoot
    self.recorderPIDNamespaceInode = recorderPIDNamespaceInode
    self.shownPIDNamespace = shownPIDNamespace
    self.timeNamespaceInode = timeNamespaceInode
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
