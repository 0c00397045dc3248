internal import NamespaceModel

/// What the source keeps of a process, or of a thread beside a main one, between two passes.
struct ProcessEntry {
  let pid: Int32
  /// Which thread it is, and of which process; nil for a process.
  var thread: Thread?
  /// `/proc/PID/ns`, or `/proc/PID/task/TID/ns`, opened with `O_PATH`: it belongs to this process for
  /// ever, also when the PID is used again, and keeps no namespace alive. -1 when it is opened anew in
  /// each pass.
  var directory: Int32
  var token: ProcessToken
  /// Nil when not even `stat` may be read; of a thread, also when its directory is held.
  var startTicks: UInt64?
  let isKernelThread: Bool
  /// Whether the process was observed after the clock tick of its start had passed. From then on PID
  /// and start time name it: a later user of the PID starts in a later tick.
  var outlivedStartTick: Bool
  /// Ten codes: a slot number, or why the link was not read.
  var links = InlineArray<10, UInt32>(repeating: ProcessEntry.code(.denied))
  /// What is to be reported of it at the end of the pass.
  var news: PendingChange
  /// How many more passes read its description.
  var descriptionsDue: UInt8 = 1
  var isDenied = false
  /// Whether it is a zombie with no thread left beside it: there will be none any more.
  var hasNoThreadsLeft = false

  /// What there is to know of a thread.
  struct Thread {
    let tid: Int32
    let process: ProcessToken
    /// Field 22 of its `stat`, in clock ticks of the boot clock.
    let startTicks: UInt64
    /// Where its process is in the list, as long as a pass lasts.
    var leader: Int
    /// Whether it is a task of its own, and told as one.
    var isTask = false
    /// Whether all its links are its process's.
    var isLikeLeader = false
  }

  /// Whether it is reported: as a process, or as a thread that is a task of its own.
  var isTask: Bool { thread?.isTask ?? true }

  /// The number of the task.
  var number: Int32 { thread?.tid ?? pid }

  /// Its folder below the root.
  var folder: String { thread.map { "\(pid)/task/\($0.tid)" } ?? "\(pid)" }

  /// Whether it has exited; by the first of the links that are gone then.
  var isZombie: Bool { links[0] == Self.code(.zombie) }

  enum PendingChange { case none, appeared, changed, gone }

  // Slot numbers stay far below this.
  static let firstUnread: UInt32 = 0xFFFF_FF00

  static func code(_ reason: UnreadReason) -> UInt32 { firstUnread + UInt32(reason.rawValue) }

  /// Makes links those of a process that has exited. What was read before is of the past already, but
  /// for the two that a zombie keeps until it is reaped.
  static func setZombie(_ codes: inout InlineArray<10, UInt32>) {
    for link in NamespaceLink.allCases where link != .pid && link != .user {
      codes[Int(link.rawValue)] = code(.zombie)
    }
  }

  static func unread(_ code: UInt32) -> UnreadReason? {
    code < firstUnread ? nil : UnreadReason(rawValue: UInt8(truncatingIfNeeded: code))
  }
}
