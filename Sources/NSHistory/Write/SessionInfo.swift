package import NamespaceModel

/// What a recorder says of itself when a session begins.
package struct SessionInfo: Sendable {
  /// `/proc/sys/kernel/random/boot_id`.
  package var bootID: String
  /// The unit of start times.
  package var ticksPerSecond: Int64
  /// The recorder's PID, as it sees itself.
  package var recorderPID: Int32
  /// Name and version of the program.
  package var program: String
  /// Nanoseconds from one sample to the next.
  package var interval: Int64
  /// How namespaces are told apart.
  package var identity: String
  /// The `/proc` that is read, by its real path.
  package var procRoot: String
  /// The machine's id (machine-id(5)); nil when not readable.
  package var machineID: String?
  /// The machine's name, in whatever bytes; nil when not readable.
  package var hostName: [UInt8]?
  /// The recorder's own pid namespace; nil when not readable.
  package var recorderPIDNamespaceInode: UInt64?
  /// The pid namespace whose processes are recorded; nil when that could not be reported.
  package var shownPIDNamespace: ObservedNamespace?
  /// The recorder's time namespace, which shifts start times; nil when not readable.
  package var timeNamespaceInode: UInt64?
  /// How far the boot clock of that namespace is ahead of the initial one, in nanoseconds; nil where
  /// that could not be reported.
  package var bootOffset: Int64?
  /// The `hidepid` of the mount of `procRoot`; 0 is off, nil is not known.
  package var hidePID: Int64?
  /// Whether it listens to events.
  package var hasEvents: Bool
  /// Which of the processes that no sample observed are kept.
  package var shortLived: ShortLived
  /// When the session began.
  package var started: ClockReading

  /// A session with these values.
  package init(
    bootID: String, ticksPerSecond: Int64, recorderPID: Int32, program: String, interval: Int64,
    identity: String, procRoot: String, machineID: String? = nil, hostName: [UInt8]? = nil,
    recorderPIDNamespaceInode: UInt64? = nil,
    shownPIDNamespace: ObservedNamespace? = nil, timeNamespaceInode: UInt64? = nil,
    bootOffset: Int64? = nil, hidePID: Int64? = 0, hasEvents: Bool = false,
    shortLived: ShortLived = .all,
    started: ClockReading
  ) {
    self.bootID = bootID
    self.ticksPerSecond = ticksPerSecond
    self.recorderPID = recorderPID
    self.program = program
    self.interval = interval
    self.identity = identity
    self.procRoot = procRoot
    self.machineID = machineID
    self.hostName = hostName
    self.recorderPIDNamespaceInode = recorderPIDNamespaceInode
    self.shownPIDNamespace = shownPIDNamespace
    self.timeNamespaceInode = timeNamespaceInode
    self.bootOffset = bootOffset
    self.hidePID = hidePID
    self.hasEvents = hasEvents
    self.shortLived = shortLived
    self.started = started
  }
}

/// Which of the processes that no sample observed are kept. The raw value is the text kept in the file.
public enum ShortLived: String, Sendable, Hashable, CaseIterable {
  /// Every one.
  case all
  /// Those whose namespaces were not those of their parents, or did not stay so.
  case changed
  /// None.
  case none
}

/// Why a session ended. The raw value is the text kept in the file.
package enum SessionEnd: String, Sendable, Hashable {
  /// It took as many samples as it was asked for.
  case completed
  /// A signal asked it to end.
  case stopped
  /// It could not go on.
  case failed
  /// It was never told to end: found so by the next recorder.
  case died
}
