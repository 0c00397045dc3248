internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// Checks the state of the recorder of a history, as its file shows it.
struct StatusCheckup {
  private let status: RecordingStatus
  private let path: String
  private let zone: TimeZoneChoice
  /// How old the last sample is, in nanoseconds; nil without a sample.
  let age: Int64?

  init(_ status: RecordingStatus, path: String, zone: TimeZoneChoice) {
    self.status = status
    self.path = path
    self.zone = zone
    let now = ClockReading.now()
    // Uses the wall clock if the boot id cannot be read, or if the last sample is from another boot.
    let boot = try? ProcRoot.live().bootID()
    age =
      status.age(now: now, boot: boot) ?? status.session?.last.map { now.wall &- $0.wall }
  }

  /// Every finding. Each number counts from the beginning of the last session.
  var all: [Checkup] {
    guard let session = status.session else { return [recorder, file] }
    return [
      recorder, samples(session), events(session), gaps(session), file, history(session),
      Checkup(what: "changes", state: .fine, found: changes(session)),
    ]
  }

  /// Whether a recorder runs, and takes its samples.
  var recorder: Checkup {
    guard status.isRecorded else {
      let ended = status.session.map { session in
        status.isCopied
          ? "; the last one was running when the file was copied"
          : session.ended.map {
            "; the last one \(Self.words(session.endReason ?? "died")) at \(show($0))"
          } ?? "; the last one died"
      }
      return Checkup(
        what: "recorder", state: .broken, found: "none is running on it\(ended ?? "")",
        advice: "nothing is being recorded; start one: nshist record --db \(path)")
    }
    guard let age else {
      return Checkup(what: "recorder", state: .fine, found: "it is running, and has just begun")
    }
    guard age >= 0 else {
      return Checkup(
        what: "recorder", state: .degraded,
        found: "it is running; by the clock its last sample is yet to come",
        advice: "the clock was set back; the next sample notes that")
    }
    let found = "it is running; its last sample is \(TimeFormat.duration(age)) old"
    guard age > status.greatestAge else {
      return Checkup(what: "recorder", state: .fine, found: found)
    }
    return Checkup(
      what: "recorder", state: .broken,
      found:
        "\(found), at an interval of \(TimeFormat.duration(status.session?.interval ?? 0))",
      advice: "see what it says on its standard error: a full disk, a lock, or no processor time")
  }

  private func samples(_ session: RecordingStatus.Session) -> Checkup {
    let every = "every \(TimeFormat.duration(session.interval)) since \(show(session.started))"
    let last = session.last.map { "; the last one took \(TimeFormat.duration($0.duration))" } ?? ""
    guard session.lateSamples > 0 else {
      return Checkup(what: "samples", state: .fine, found: "\(every), none late\(last)")
    }
    let late = session.last?.late.map { " (it was \(TimeFormat.duration($0)) late)" } ?? ""
    return Checkup(
      what: "samples", state: .degraded,
      found: "\(every), \(session.lateSamples) late\(last)\(late)",
      advice: "if it happens often, give a longer --interval or more processor time")
  }

  private func events(_ session: RecordingStatus.Session) -> Checkup {
    guard session.hasEvents else {
      return Checkup(
        what: "events", state: .fine, found: "none: samples only; nshist doctor says what they need"
      )
    }
    guard session.losses > 0 else {
      return Checkup(what: "events", state: .fine, found: "received, and none lost")
    }
    let times = RecordingFormatter.count(Int(clamping: session.losses), "time", "times")
    return Checkup(
      what: "events", state: .degraded,
      found: "received; lost \(times), \(session.lostEvents) events or more",
      advice: "a larger --event-ring loses fewer; query coverage lists when they were lost")
  }

  private func gaps(_ session: RecordingStatus.Session) -> Checkup {
    let causes = GapCause.allCases.compactMap { cause in
      session.gaps[cause].map { "\($0) because \(cause.words)" }
    }
    var gaps = causes
    if let before = session.unrecordedBefore {
      let end = session.endReasonBefore.map { " (the last one \(Self.words($0)))" } ?? ""
      gaps.append("no recorder ran for \(TimeFormat.duration(before)) before that\(end)")
    }
    guard !gaps.isEmpty else { return Checkup(what: "gaps", state: .fine, found: "none") }
    guard !causes.isEmpty || session.endReasonBefore == "died" else {
      return Checkup(what: "gaps", state: .fine, found: "none; \(gaps.joined(separator: "; "))")
    }
    return Checkup(
      what: "gaps", state: .degraded, found: gaps.joined(separator: "; "),
      advice: "answers about those times are unknown (gap); query coverage lists them")
  }

  private static func words(_ endReason: String) -> String {
    switch endReason {
    case "died": "died"
    case "failed": "failed"
    case "completed": "took all its samples"
    default: "was stopped"
    }
  }

  private var file: Checkup {
    let size = status.file.file + status.file.log
    let limit = status.session?.limits.maxSize
    let bound = limit.map { " of \(SizeArgument.text($0))" } ?? ", without a bound"
    let found =
      "\(SizeArgument.text(size))\(bound), \(SizeArgument.text(status.file.log)) of it in the -wal"
    guard let limit, size > limit else {
      return Checkup(what: "file", state: .fine, found: found)
    }
    return Checkup(
      what: "file", state: .degraded, found: found,
      advice: status.file.log > limit / 4
        ? "a program that reads the file for long keeps its -wal from being used again: end it"
        : "the recorder removes the oldest part; if this stays, see what it says on its standard error"
    )
  }

  private func history(_ session: RecordingStatus.Session) -> Checkup {
    let keep = session.limits.keep.map { "keeps \(TimeFormat.duration($0))" } ?? "keeps any age"
    let begins = status.file.begins.map { "begins at \(show($0))" } ?? "has no sample yet"
    let pruned = status.file.isPruned ? "; what was before was removed" : ""
    return Checkup(what: "history", state: .fine, found: "\(begins), \(keep)\(pruned)")
  }

  private func changes(_ session: RecordingStatus.Session) -> String {
    guard let changes = session.changesASecond else { return "not known yet" }
    return "\(TimeFormat.decimal(changes)) a second in the last minute"
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }
}
