internal import NSHistory
internal import NSRecorder
internal import NamespaceModel

/// Formats the status messages of a recorder.
enum RecordingFormatter {
  /// Returns the status line, which each sample overwrites.
  static func status(_ report: SampleReport) -> String {
    """
    \(TimeFormat.timeOfDay(report.time.wall, .local)) sample \(report.number): \
    \(count(report.counts.processes, "process", "processes")), \
    \(count(report.counts.namespaces, "namespace", "namespaces")), \
    \(count(report.changes, "change", "changes")), \(report.counts.denied) denied, \
    \(TimeFormat.duration(report.took))
    """
  }

  /// Returns where the samples and events of a recorder come from, and what a better source would need.
  static func sources(_ sources: RecorderSources, _ procRoot: String) -> String {
    let samples =
      switch (sources.samples, sources.refusalOfSamples) {
      case (.bpf, _): "by BPF"
      case (_, let refusal?): "from \(procRoot), not by BPF: \(reason(refusal))"
      case (_, nil): "from \(procRoot)"
      }
    let isSame = sources.refusalOfEvents == sources.refusalOfSamples
    let events =
      switch (sources.events, sources.refusalOfEvents, sources.refusalOfMoves) {
      case (nil, _, _): "no events in between"
      case (.bpf, _, nil): "events of the kernel in between, by BPF"
      case (.bpf, _, let refusal?):
        """
        events of the kernel in between, by BPF, but by perf those of setns and unshare, which need a program of the \
        type fentry: \(reason(refusal))
        """
      case (.perf, nil, _): "events of the kernel in between, by perf"
      case (.perf, let refusal?, _):
        "events of the kernel in between, by perf"
          + (isSame ? " for that reason too" : ", not by BPF: \(reason(refusal))")
      }
    return "samples \(samples); \(events)"
  }

  private static func reason(_ refusal: SourceRefusal) -> String {
    "\(refusal.fact) (\(refusal.remedy))"
  }

  /// Returns the message at the end of a recording.
  static func end(_ summary: RecordingSummary, _ path: String) -> String {
    let failed = summary.failures > 0 ? ", \(summary.failures) failed" : ""
    let cause = summary.signal.map { " by signal \($0)" } ?? ""
    let unwritten = summary.endedUnwritten ? "; the last of it could not be written" : ""
    return """
      ended\(cause): \(count(summary.samples, "sample", "samples"))\(failed), \
      \(count(summary.processes, "process", "processes")), \
      \(count(summary.namespaces, "namespace", "namespaces")), \
      \(count(summary.changes, "change", "changes")), \(summary.denied) denied, \
      in \(path)\(unwritten)
      """
  }

  /// Returns the message about an earlier session that its recorder did not close, and that was closed now.
  static func closed(_ session: HistoryWriter.ClosedSession) -> String {
    let last = session.lastSample.map { "at its last sample, \(TimeFormat.localTime($0, .local))" }
    let end =
      session.isCopied
      ? "this file was copied while the recorder with PID \(session.recorderPID) had it"
      : "the recorder with PID \(session.recorderPID) died"
    return """
      \(end); its session was closed \
      \(last ?? "without a sample")
      """
  }

  /// Returns an interval with its unit: `5 s` for `5`.
  static func interval(_ text: String) -> String {
    text.last?.isNumber == true ? "\(text) s" : text
  }

  /// Returns a number with its noun: `1 sample`, `2 samples`.
  static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }
}
