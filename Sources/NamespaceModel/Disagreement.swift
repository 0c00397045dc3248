/// A process or thread whose namespaces in a sample differ from those that events reported.
package struct Disagreement: Sendable {
  /// The PID of the process, or of the process that the thread belongs to.
  package var pid: Int32
  /// The TID of a thread; nil for a process.
  package var tid: Int32?
  /// The name of the task; nil if it is not known.
  package var comm: [UInt8]?
  /// The namespaces that events reported; nil if no event reported the task.
  package var reported: ObservedSet?
  /// The namespaces that the sample read; nil if the sample did not observe the task.
  package var sampled: ObservedSet?

  /// A disagreement with these values.
  package init(
    pid: Int32, tid: Int32? = nil, comm: [UInt8]?, reported: ObservedSet?, sampled: ObservedSet?
  ) {
    self.pid = pid
    self.tid = tid
    self.comm = comm
    self.reported = reported
    self.sampled = sampled
  }
}
