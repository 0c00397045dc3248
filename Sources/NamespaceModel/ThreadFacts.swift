/// What never changes in the life of a thread other than the main one of its process.
public struct ThreadFacts: Sendable, Hashable {
  /// Its number (`gettid(2)`), in the pid namespace of the `/proc` that was read.
  public var tid: Int32
  /// Its process; nil where that is not followed.
  public var process: ProcessToken?
  /// Field 22 of its own `stat`, in clock ticks of the boot clock; nil where that is not known.
  public var startTicks: UInt64?

  /// Facts with these values.
  public init(tid: Int32, process: ProcessToken?, startTicks: UInt64? = nil) {
    self.tid = tid
    self.process = process
    self.startTicks = startTicks
  }
}
