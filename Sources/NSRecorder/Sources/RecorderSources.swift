package import NSHistory

/// Where the samples and the events of a recorder come from, and why not from a better source that its configuration
/// permits.
package struct RecorderSources: Sendable {
  /// The source of samples; nil if it is not one that a configuration can choose.
  package var samples: SessionInfo.Source?
  /// Why the samples do not come from BPF; nil if they do, or if the configuration asks for another source.
  package var refusalOfSamples: SourceRefusal?
  /// The source of events; nil if the recorder takes samples only.
  package var events: SessionInfo.EventSource?
  /// Why the events do not come from BPF; nil if they do, or if the configuration asks for others or none.
  package var refusalOfEvents: SourceRefusal?
  /// Why changes of namespaces by unshare(2) and setns(2) come from perf, while all other events come from BPF; nil if
  /// they do not.
  package var refusalOfMoves: SourceRefusal?
}
