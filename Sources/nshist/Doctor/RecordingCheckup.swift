internal import NSRecorder
internal import NamespaceEvents
internal import Procfs

/// Checks, by the recorder's own preconditions, whether a recorder could start here and receive kernel
/// events.
struct RecordingCheckup {
  let root: ProcRoot
  /// The history file.
  let path: String

  func all() -> [Checkup] {
    // Events by BPF are a check of their own.
    let configuration = RecorderConfiguration(
      database: path, interval: 1_000_000_000, samples: nil, procRoot: root.path, events: .perf,
      program: Program.nameAndVersion)
    do {
      let refusal = try RecorderPreconditions.check(configuration)
      return [
        Checkup(
          what: "recording", state: .fine,
          found: "a recorder can read what it needs of \(root.path)"),
        events(refusal), samples(try RecorderPreconditions.refusalOfBPF(configuration)),
        eventsByBPF(try RecorderPreconditions.eventsByBPF(configuration)),
      ]
    } catch {
      return [
        Checkup(
          what: "recording", state: .broken, found: "no recorder can begin here",
          advice: error.description)
      ]
    }
  }

  /// Whether samples by BPF are possible. Without them nothing is lost, since samples of `/proc` show the same.
  private func samples(_ refusal: SourceRefusal?) -> Checkup {
    guard let refusal else {
      return Checkup(
        what: "bpf samples", state: .fine,
        found: "possible: the kernel runs the task program of nshist")
    }
    return Checkup(
      what: "bpf samples", state: .fine,
      found: "not possible, samples come from /proc: \(refusal.fact)",
      advice: "samples of /proc show the same, and take more processor time; \(refusal.remedy)")
  }

  /// Whether events by BPF are possible. Without them the recorder has those of perf, if any.
  private func eventsByBPF(_ check: RecorderPreconditions.EventsByBPF) -> Checkup {
    let what = "bpf events"
    switch check {
    case .whole:
      return Checkup(
        what: what, state: .fine,
        found: "possible: each event has the namespaces of the task")
    case .withProbes(let refusal):
      return Checkup(
        what: what, state: .fine,
        found: """
          possible: starts, execs and exits have the namespaces of the task; setns and unshare come from perf, since \
          they need a program of the type fentry: \(refusal.fact)
          """,
        advice: """
          after setns and unshare, the recorder reads the ids of namespaces from /proc; \(refusal.remedy)
          """)
    case .refused(let error):
      return Checkup(
        what: what, state: .fine, found: "not possible, events come from perf",
        advice: error.description)
    }
  }

  private func events(_ refusal: RecorderError?) -> Checkup {
    let loss = "a recorder sees only what samples meet, so a short --interval helps"
    switch refusal {
    case nil:
      return Checkup(
        what: "events", state: .fine,
        found: "the kernel reports every fork, exit and change of namespaces")
    case .events(let error):
      return Checkup(
        what: "events", state: .degraded, found: "\(error.fact)\(paranoia(error))",
        advice: "\(error.remedy); without events \(loss)")
    case .eventsUseless(let reason):
      return Checkup(
        what: "events", state: .degraded, found: reason,
        advice: """
          \(loss); to have events too, record on the host, outside of pid and time namespaces
          """)
    case let error?:
      return Checkup(
        what: "events", state: .degraded, found: error.description, advice: loss)
    }
  }

  /// The text about `kernel.perf_event_paranoid`, which decides the privilege that events need.
  private func paranoia(_ error: EventsError) -> String {
    guard error.isRefusal, case .success(let text) = root.read("sys/kernel/perf_event_paranoid")
    else { return "" }
    let value = String(decoding: text.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    return "; kernel.perf_event_paranoid is \(value)"
  }
}
