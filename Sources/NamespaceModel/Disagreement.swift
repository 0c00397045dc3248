/// A task of which a sample showed what no event had reported.
package struct Disagreement: Sendable {
  /// Its PID, or that of its process.
  package var pid: Int32
  /// Of a thread, its TID.
  package var tid: Int32?
  /// Its name; nil when it is not known.
  package var comm: [UInt8]?
  /// Where events had it; nil where they knew of no such task.
  package var reported: ObservedSet?
  /// Where the sample showed it; nil where that did not see it.
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
