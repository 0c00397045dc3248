internal import Glibc
internal import NSHistory
internal import NSRecorder
internal import NamespaceModel
internal import SystemPackage

/// A file of metrics for the textfile collector of Prometheus' node_exporter, which each sample replaces.
///
/// The file appears whole: it is written beside its path and renamed. It is not synced, because the next sample replaces it.
final class MetricsFile {
  private let path: String
  private let started: WallTime
  private var hasFailed = false

  /// - Parameter started: when the recorder began.
  init(_ path: String, started: WallTime) {
    self.path = path
    self.started = started
  }

  /// Writes the metrics after a sample. Says once that they cannot be written, and once that they can be again.
  func write(_ report: SampleReport, of recorder: Recorder, _ messages: Messages) {
    do {
      let metrics = Metrics(
        report, try recorder.fileState(), removedRows: recorder.removedRows,
        retentionTime: recorder.retentionTime, limits: recorder.limits, started: started)
      try replace(with: metrics.text)
      if hasFailed { messages.say("writing metrics to \(path) again") }
      hasFailed = false
    } catch {
      if !hasFailed {
        messages.say("\(error); recording goes on without metrics, and tries again", .warning)
      }
      hasFailed = true
    }
  }

  /// Removes the file, so that no collector takes the values of a recorder that has ended for current ones.
  func remove() { unlink(path) }

  private func replace(with text: String) throws(OutputError) {
    let name = "\(path).\(getpid()).part"
    let descriptor = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw OutputError(path: path, errno: Errno(rawValue: errno)) }
    let file = OutputFile(descriptor: descriptor)
    do throws(OutputError) {
      defer { close(descriptor) }
      try file.write(text)
      try file.flush()
    } catch {
      unlink(name)
      throw error
    }
    guard rename(name, path) == 0 else {
      let failure = Errno(rawValue: errno)
      unlink(name)
      throw OutputError(path: path, errno: failure)
    }
  }
}

/// The metrics of a recorder, in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats).
struct Metrics {
  private(set) var text = ""

  init(
    _ report: SampleReport, _ file: FileState, removedRows: Int, retentionTime: Int64,
    limits: RetentionLimits, started: WallTime
  ) {
    let totals = report.totals
    add(
      "build_info", "gauge", "The version of the recorder.", [([("version", Program.version)], "1")]
    )
    add(
      "start_time_seconds", "gauge", "When the recorder began.", Self.seconds(started.nanoseconds))
    add("samples_total", "counter", "Samples that were written.", "\(totals.samples)")
    add(
      "late_samples_total", "counter", "Samples that began more than a tenth of the interval late.",
      "\(totals.lateSamples)")
    add(
      "last_sample_timestamp_seconds", "gauge", "When the last sample began.",
      Self.seconds(report.time.wall.nanoseconds))
    add(
      "last_sample_duration_seconds", "gauge", "How long the last sample took.",
      Self.seconds(report.took))
    add("processes", "gauge", "Processes in the last sample.", "\(report.counts.processes)")
    add("namespaces", "gauge", "Namespaces in the last sample.", "\(report.counts.namespaces)")
    add(
      "denied_processes", "gauge", "Processes whose namespaces the recorder may not read.",
      "\(report.counts.denied)")
    add(
      "changes_total", "counter", "Processes that appeared, changed or disappeared.",
      "\(totals.changes)")
    add("events_total", "counter", "Events that the kernel reported.", "\(totals.events)")
    add(
      "lost_events_total", "counter", "Events that are known to be lost.", "\(totals.lostEvents)")
    add("event_losses_total", "counter", "Times at which events were lost.", "\(totals.losses)")
    add(
      "disagreements_total", "counter", "Processes that a sample showed otherwise than events did.",
      "\(totals.disagreements)")
    add(
      "omitted_changes_total", "counter",
      "Namespace changes that were not recorded one by one, of tasks that changed too often.",
      "\(totals.omittedChanges)")
    add(
      "clock_steps_total", "counter", "Times at which the wall clock was set.",
      "\(totals.clockSteps)")
    add(
      "gaps_total", "counter", "Gaps before samples, by cause.",
      Self.byCause(totals.gaps, GapCause.allCases))
    add(
      "failed_samples_total", "counter", "Samples that could not be read or written, by cause.",
      Self.byCause(totals.failures, [.readFailed, .writeFailed]))
    add(
      "file_size_bytes", "gauge", "The size of the history, by file.",
      [([("file", "main")], "\(file.file)"), ([("file", "wal")], "\(file.log)")])
    add(
      "file_size_limit_bytes", "gauge", "The size that the history is kept below; +Inf for none.",
      limits.maxSize.map(String.init) ?? "+Inf")
    add(
      "keep_seconds", "gauge", "The age up to which nothing is removed for its age; +Inf for any.",
      limits.keep.map(Self.seconds) ?? "+Inf")
    if let begins = file.begins {
      add(
        "oldest_sample_timestamp_seconds", "gauge", "When the oldest sample of the history began.",
        Self.seconds(begins.nanoseconds))
    }
    add("removed_rows_total", "counter", "Rows that retention removed.", "\(removedRows)")
    add(
      "retention_cpu_seconds_total", "counter", "Processor time of retention.",
      Self.seconds(retentionTime))
    var usage = rusage()
    if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      let microseconds =
        Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
        + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
      add(
        "cpu_seconds_total", "counter", "Processor time of the recorder.",
        Self.seconds(microseconds * 1000))
      add(
        "max_resident_memory_bytes", "gauge", "The most memory that the recorder had.",
        "\(Int64(usage.ru_maxrss) * 1024)")
    }
  }

  private typealias Sample = (labels: [(String, String)], value: String)

  private mutating func add(_ name: String, _ type: String, _ help: String, _ value: String) {
    add(name, type, help, [([], value)])
  }

  private mutating func add(_ name: String, _ type: String, _ help: String, _ samples: [Sample]) {
    let name = "nshist_\(name)"
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
      text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(sample.value)\n"
    }
  }

  private static func byCause(_ counts: [GapCause: Int], _ causes: [GapCause]) -> [Sample] {
    causes.map { ([("cause", $0.code)], "\(counts[$0] ?? 0)") }
  }

  /// Returns nanoseconds as seconds.
  private static func seconds(_ nanoseconds: Int64) -> String {
    let digits = String(nanoseconds.magnitude % 1_000_000_000)
    let sign = nanoseconds < 0 ? "-" : ""
    let rest = String(repeating: "0", count: 9 - digits.count) + digits
    return "\(sign)\(nanoseconds.magnitude / 1_000_000_000).\(rest)"
  }
}
