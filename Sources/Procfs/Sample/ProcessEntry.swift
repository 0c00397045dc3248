internal import NamespaceModel

/// The state that the source (`ProcfsSource`) stores from pass to pass for a process, or for a thread other than a main
/// thread.
struct ProcessEntry {
  let pid: Int32
  /// The thread that the entry describes; nil if the entry describes a process.
  var thread: Thread?
  /// The descriptor of `/proc/PID/ns`, or of `/proc/PID/task/TID/ns`, opened with `O_PATH`. The open
  /// directory always refers to the same task, even after the kernel reuses the PID, and keeps no
  /// namespace alive. -1 if the source opens the directory again in each pass.
  var directory: Int32
  var token: ProcessToken
  /// The start time in clock ticks; nil if the reader may not even read `stat`. For a thread that is no task
  /// of its own, nil also if its directory stays open.
  var startTicks: UInt64?
  let isKernelThread: Bool
  /// Whether the source observed the process after the clock tick of its start had passed. From then
  /// on, PID and start time identify the process: a later process with the same PID starts in a later
  /// tick.
  var outlivedStartTick: Bool
  /// Ten codes, one for each link: a slot number, or the reason why the link was not read.
  var links = InlineArray<10, UInt32>(repeating: ProcessEntry.code(.denied))
  /// The change that the source reports at the end of the pass.
  var pendingChange: PendingChange
  /// The number of further passes that read the description of this entry in any case, not only when its
  /// turn has come (`KnownDescriptions.due`).
  var descriptionsDue: UInt8 = 1
  var isDenied = false
  /// Whether the process is a zombie whose other threads have all exited; it cannot get new ones.
  var hasNoThreadsLeft = false

  /// The properties of a thread.
  struct Thread {
    let tid: Int32
    let process: ProcessToken
    /// The start time: field 22 of the thread's `stat`, in clock ticks of the boot clock.
    let startTicks: UInt64
    /// The index of the thread's process in the list of entries, valid during one pass.
    var leader: Int
    /// Whether the thread is a task of its own: it is reported by itself, because its namespaces have
    /// differed from those of its process, or because its main thread has exited.
    var isTask = false
    /// Whether all links of the thread equal those of its process.
    var hasSameLinksAsMainThread = false
  }

  /// Whether the source reports the entry: as a process, or as a thread that is a task of its own.
  var isTask: Bool { thread?.isTask ?? true }

  /// The TID of a thread, or the PID of a process.
  var number: Int32 { thread?.tid ?? pid }

  /// The path of the task's directory, relative to the root.
  var folder: String { thread.map { "\(pid)/task/\($0.tid)" } ?? "\(pid)" }

  /// Whether the task has exited, judged by the first of the links that a task loses when it exits.
  var isZombie: Bool { links[0] == Self.code(.zombie) }

  enum PendingChange { case none, appeared, changed, gone }

  // Slot numbers stay far below this value.
  static let firstUnread: UInt32 = 0xFFFF_FF00

  static func code(_ reason: UnreadReason) -> UInt32 { firstUnread + UInt32(reason.rawValue) }

  /// Marks the links as those of a process that has exited. The codes of the links that were read earlier are
  /// out of date, except those of the pid and user links, which a zombie retains until it is reaped.
  static func setZombie(_ codes: inout InlineArray<10, UInt32>) {
    for link in NamespaceLink.allCases where link != .pid && link != .user {
      codes[Int(link.rawValue)] = code(.zombie)
    }
  }

  static func unread(_ code: UInt32) -> UnreadReason? {
    code < firstUnread ? nil : UnreadReason(rawValue: UInt8(truncatingIfNeeded: code))
  }
}
