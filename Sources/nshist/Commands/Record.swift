internal import ArgumentParser
internal import Glibc
internal import Logging
internal import NSHistory
internal import NSRecorder
internal import Procfs

/// `nshist record`: samples into the history, until ^C.
struct Record: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
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

  @Option(
    help: ArgumentHelp(
      "Take samples by the BPF task iterator, which costs least, or from /proc; auto takes the first possible.",
      valueName: "auto|bpf|proc"))
  var source = SourceOption.auto

  @Option(
    help: ArgumentHelp(
      """
      Listen to the kernel's events, for exact times: where permitted (auto), or else fail (on; by BPF programs, \
      or by perf events), or never. auto and on take BPF, or perf where that is not possible.
      """,
      valueName: "auto|on|bpf|perf|off"))
  var events = EventsChoice.auto

  @Flag(help: "Read the threads of every process in each sample: their namespaces may differ.")
  var threads = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Room for events of each processor, while the recorder is busy.", valueName: "KiB"))
  var eventRing = RecorderConfiguration.usualEventRing / 1024

  @Option(
    help: ArgumentHelp(
      "Keep processes that no sample observed: all, those that changed namespaces, or none.",
      valueName: "all|changed|none"))
  var shortLived = ShortLivedChoice.all

  @Option(
    help: ArgumentHelp(
      "Keep the command lines of processes, which may hold passwords; or off.",
      valueName: "on|off"))
  var cmdline = CommandLineChoice.on

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How often to scan for pins: mounts, open files and sockets that keep namespaces; or off.",
      valueName: "time|off"))
  var pinsEvery = "60"

  @Option(help: ArgumentHelp("The proc file system to read.", valueName: "path"))
  var procRoot = "/proc"

  @Option(
    help: ArgumentHelp(
      "The root of the host's files, for the names of containers; by default beside --proc-root.",
      valueName: "path"))
  var hostRoot: String?

  @Option(
    help: ArgumentHelp(
      "Write metrics for Prometheus' node_exporter (its textfile collector) to this file.",
      valueName: "path"), completion: .file())
  var metricsFile: String?

  @Option(
    help: ArgumentHelp(
      "Messages as text, or as one JSON object a line.", valueName: "text|json"))
  var logFormat = LogFormatChoice.text

  @OptionGroup var retention: RetentionOptions
  @OptionGroup var database: DatabaseOption

  func validate() throws {
    if let samples, samples < 1 {
      throw ValidationError("--samples \(samples) takes no sample; give 1 or more")
    }
    guard (1...1_048_576).contains(eventRing) else {
      throw ValidationError("--event-ring \(eventRing) is out of range; give 1 to 1048576 KiB")
    }
    guard !procRoot.isEmpty else { throw ValidationError("--proc-root needs a path") }
    guard metricsFile?.isEmpty != true else {
      throw ValidationError("--metrics-file needs a path")
    }
    _ = try nanoseconds(interval)
    _ = try pinsInterval()
  }

  private func pinsInterval() throws -> Int64? {
    pinsEvery == "off" ? nil : try nanoseconds(pinsEvery)
  }

  private func nanoseconds(_ text: String) throws -> Int64 {
    guard let time = DurationExpression.parse(text, bareSeconds: true) else {
      throw ValidationError("'\(text)' is not an interval; give seconds above zero, 500ms or 2m")
    }
    guard time >= 1_000_000 else {
      throw ValidationError("an interval of \(text) is too short; give 1ms or more")
    }
    guard time <= 86_400_000_000_000 else {
      throw ValidationError("an interval of \(text) is too long; give a day or less")
    }
    return time
  }

  func run(on console: Console) throws { try ProcessorPriority.raising { try record(on: console) } }

  private func record(on console: Console) throws {
    // Ignores SIGPIPE: the recording continues if the reader of the messages exits.
    signal(SIGPIPE, SIG_IGN)
    console.messages.use(logFormat == .json ? .json : .usual)
    let path = try database.pathForRecording()
    let limits = try retention.limits()
    var configuration = RecorderConfiguration(
      database: path, interval: try nanoseconds(interval), samples: samples, procRoot: procRoot,
      events: events.choice, threads: threads, eventRing: eventRing * 1024,
      shortLived: shortLived.choice, pinsEvery: try pinsInterval(), hostRoot: hostRoot,
      keep: limits.keep, maxSize: limits.maxSize, program: Program.nameAndVersion)
    configuration.source = source.choice
    configuration.commandLines = cmdline == .on
    let recorder = try Recorder(
      configuration,
      logger: Logger(label: "nshist") { _ in MessageLogHandler(messages: console.messages) })
    sayStart(recorder, path, console.messages)
    let summary = try run(recorder, console)
    console.messages.endStatus()
    console.messages.say(RecordingFormatter.end(summary, path))
    if let failure = summary.lostFile ?? summary.endFailure { throw failure }
    if summary.endedUnwritten || summary.hasRecordedNothing {
      throw ExitCode(ExitStatus.inputOutput)
    }
  }

  /// Records, and reports each sample to whoever waits for it.
  private func run(_ recorder: Recorder, _ console: Console) throws -> RecordingSummary {
    let manager = ServiceManager()
    let metrics = metricsFile.map { MetricsFile($0, started: console.now) }
    defer {
      manager?.stopping()
      metrics?.remove()
    }
    return try recorder.run(
      pulse: manager?.watchdog, onPulse: { manager?.alive() },
      onSample: { report in
        console.messages.status(RecordingFormatter.status(report))
        if let manager {
          let status = RecordingFormatter.status(report)
          if report.number == 1 { manager.ready(status) } else { manager.status(status) }
        }
        metrics?.write(report, of: recorder, console.messages)
      })
  }

  private func sayStart(_ recorder: Recorder, _ path: String, _ messages: Messages) {
    if let closed = recorder.closedSession {
      messages.say(RecordingFormatter.closed(closed))
    }
    let end = samples.map { RecordingFormatter.count($0, "sample", "samples") } ?? "until ^C"
    messages.say(
      """
      recording \(procRoot) into \(path) every \(RecordingFormatter.interval(interval)), \(end); \
      \(RecordingFormatter.sources(recorder.sources, procRoot)); namespaces told apart by \(recorder.identity.rawValue)
      """)
  }
}

/// The command-line values of the option that selects the source of samples.
enum SourceOption: String, CaseIterable, ExpressibleByArgument {
  case auto, bpf, proc

  var choice: RecorderConfiguration.Source {
    switch self {
    case .auto: .auto
    case .bpf: .bpf
    case .proc: .proc
    }
  }
}

/// The command-line values of the option that selects whether to record kernel events.
enum EventsChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, on, bpf, perf, off

  var choice: RecorderConfiguration.Events {
    switch self {
    case .auto: .auto
    case .on: .on
    case .bpf: .bpf
    case .perf: .perf
    case .off: .off
    }
  }
}

/// The command-line values of the option that selects the form of messages.
enum LogFormatChoice: String, CaseIterable, ExpressibleByArgument {
  case text, json
}

/// The command-line values of the option that selects which processes that no sample observed are recorded.
enum ShortLivedChoice: String, CaseIterable, ExpressibleByArgument {
  case all, changed, none

  var choice: ShortLived {
    switch self {
    case .all: .all
    case .changed: .changed
    case .none: .none
    }
  }
}

/// The command-line values of the option that selects whether to record command lines.
enum CommandLineChoice: String, CaseIterable, ExpressibleByArgument {
  case on, off
}

/// Writes the log messages of the recorder to standard error.
struct MessageLogHandler: LogHandler {
  let messages: Messages
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    messages.say(event.message.description, Self.level(event.level))
  }

  private static func level(_ level: Logger.Level) -> MessageLevel {
    switch level {
    case .critical, .error: .error
    case .warning: .warning
    case .notice, .info, .debug, .trace: .notice
    }
  }
}
