internal import NamespaceModel

/// What the source keeps of a process between two passes.
struct ProcessEntry {
  let pid: Int32
  /// `/proc/PID/ns`, opened with `O_PATH`: it belongs to this process for ever, also when the PID
  /// is used again, and keeps no namespace alive. -1 when it is opened anew in each pass.
  var directory: Int32
  let token: ProcessToken
  /// Nil when not even `stat` may be read.
  let startTicks: UInt64?
  let isKernelThread: Bool
  /// Whether the process was met after the clock tick of its start had passed. From then on PID
  /// and start time name it: a later user of the PID starts in a later tick.
  var outlivedStartTick: Bool
  /// Ten codes: a slot number, or why the link was not read.
  var links = InlineArray<10, UInt32>(repeating: ProcessEntry.code(.denied))
  /// What is to be told of it at the end of the pass.
  var news: News
  /// How many more passes read its description.
  var descriptionsDue: UInt8 = 1
  var isDenied = false

  enum News { case none, appeared, changed, gone }

  // Slot numbers stay far below this.
  static let firstUnread: UInt32 = 0xFFFF_FF00

  static func code(_ reason: UnreadReason) -> UInt32 { firstUnread + UInt32(reason.rawValue) }

  static func unread(_ code: UInt32) -> UnreadReason? {
    code < firstUnread ? nil : UnreadReason(rawValue: UInt8(truncatingIfNeeded: code))
  }
}
