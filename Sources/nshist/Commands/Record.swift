internal import ArgumentParser
internal import Glibc
internal import Logging
internal import NSHistory
internal import NSRecorder
internal import Procfs

/// `nshist record`: samples into the history, until ^C.
struct Record: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Record namespaces until ^C, SIGTERM or a number of samples.",
    discussion: """
      nshist record --interval 5
      nshist record --interval 500ms --samples 10 --db /tmp/history.db
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From one sample to the next: seconds, or 500ms, 2m.", valueName: "time"))
  var interval = "5"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("End after this many samples.", valueName: "n"))
  var samples: Int?

  @Option(help: ArgumentHelp("The proc file system to read.", valueName: "path"))
  var procRoot = "/proc"

  @OptionGroup var database: DatabaseOption

  func validate() throws {
    if let samples, samples < 1 {
      throw ValidationError("--samples \(samples) takes no sample; give 1 or more")
    }
    guard !procRoot.isEmpty else { throw ValidationError("--proc-root needs a path") }
    _ = try nanoseconds()
  }

  private func nanoseconds() throws -> Int64 {
    guard let time = TimeExpression.duration(interval, bareSeconds: true) else {
      throw ValidationError(
        "'\(interval)' is not an interval; give seconds above zero, 500ms or 2m")
    }
    guard time >= 1_000_000 else {
      throw ValidationError("an interval of \(interval) is too short; give 1ms or more")
    }
    guard time <= 86_400_000_000_000 else {
      throw ValidationError("an interval of \(interval) is too long; give a day or less")
    }
    return time
  }

  func run() throws {
    // Who reads the messages may go away; the recording goes on.
    signal(SIGPIPE, SIG_IGN)
    let path = try database.pathForRecording()
    let configuration = RecorderConfiguration(
      database: path, interval: try nanoseconds(), samples: samples, procRoot: procRoot,
      program: Program.nameAndVersion)
    let recorder = try Recorder(
      configuration, logger: Logger(label: "nshist") { _ in MessageLogHandler() })
    sayStart(recorder, path)
    let summary = try recorder.run { Messages.shared.status(RecordingWords.status($0)) }
    Messages.shared.endStatus()
    Messages.shared.say(RecordingWords.end(summary, path))
    if let failure = summary.lostFile ?? summary.endFailure { throw failure }
    if summary.endedUnwritten || summary.hasRecordedNothing {
      throw ExitCode(ExitStatus.inputOutput)
    }
  }

  private func sayStart(_ recorder: Recorder, _ path: String) {
    if let closed = recorder.closedSession {
      Messages.shared.say(RecordingWords.closed(closed))
    }
    let end = samples.map { RecordingWords.count($0, "sample", "samples") } ?? "until ^C"
    Messages.shared.say(
      """
      recording \(procRoot) into \(path) every \(RecordingWords.interval(interval)), \(end); \
      namespaces told apart by \(recorder.identity.rawValue)
      """)
  }
}
