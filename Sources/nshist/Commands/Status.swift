internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist status`: shows whether a recorder does its work.
struct Status: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show whether a recorder runs, what it missed, and how large its file is.",
    discussion: """
      nshist status
      nshist status --healthy

      Each is fine, degraded or broken. Exit status: 1 if no recorder runs or its last sample is too old, \
      otherwise 0. It reads the file, and asks no other process.
      """)

  @Flag(help: "Print nothing; the exit status is the answer.")
  var healthy = false

  @OptionGroup var options: ListingOptions

  func run(on console: Console) throws {
    let status = try options.reader(console).status()
    let checkup = StatusCheckup(status, path: try options.database.path(), zone: options.zone)
    let checks = checkup.all
    if !healthy {
      let listing = Listing(
        "checks", CheckupColumns.all, to: try Output(console, pages: options.pager), options.format)
      try listing.begin(
        [("state", .string(Checkup.worst(checks).rawValue))] + Self.json(status, age: checkup.age))
      _ = checks.allSatisfy(listing.add)
      try listing.end(
        lines: checks.filter { !$0.advice.isEmpty }.map { "\($0.what): \($0.advice)" })
    }
    if Checkup.worst(checks) == .broken { throw ExitCode(ExitStatus.broken) }
  }

  private static func json(_ status: RecordingStatus, age: Int64?) -> [(String, JSON)] {
    let session = status.session
    return [
      ("recording", .bool(status.isRecorded)),
      ("recorder_pid", .optional(session) { .integer(Int64($0.recorderPID)) }),
      ("program", .optional(session) { .string($0.program) }),
      ("identity", .optional(session) { .string($0.identity) }),
      ("events", .optional(session) { .bool($0.hasEvents) }),
      ("interval_seconds", .optional(session) { .seconds($0.interval) }),
      ("started", .time(session?.started)), ("ended", .time(session?.ended)),
      ("end_reason", .optional(session?.endReason, JSON.string)),
      ("last_sample", .time(session?.last?.wall)),
      ("last_sample_age_seconds", .optional(age, JSON.signedSeconds)),
      ("last_sample_seconds", .optional(session?.last) { .seconds($0.duration) }),
      ("last_sample_late_seconds", .optional(session?.last) { .seconds($0.late ?? 0) }),
      ("late_samples", .optional(session) { .integer($0.lateSamples) }),
      (
        "gaps",
        .optional(session) { session in
          .object(GapCause.allCases.map { ($0.code, .integer(session.gaps[$0] ?? 0)) })
        }
      ),
      ("unrecorded_before_seconds", .optional(session?.unrecordedBefore, JSON.signedSeconds)),
      ("end_reason_before", .optional(session?.endReasonBefore, JSON.string)),
      ("event_losses", .optional(session) { .integer($0.losses) }),
      ("lost_events", .optional(session) { .integer($0.lostEvents) }),
      (
        "changes_a_second",
        .optional(session?.changesASecond) { .number(TimeFormat.decimal($0)) }
      ),
      ("file_bytes", .integer(status.file.file)), ("log_bytes", .integer(status.file.log)),
      ("max_bytes", .optional(session?.limits.maxSize, JSON.integer)),
      ("keep_seconds", .optional(session?.limits.keep, JSON.seconds)),
      ("begins", .time(status.file.begins)), ("pruned", .bool(status.file.isPruned)),
    ]
  }
}
