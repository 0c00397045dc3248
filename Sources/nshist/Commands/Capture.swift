internal import ArgumentParser
internal import NSHistory

/// `nshist capture`: cuts a slice out of a history, to hand to someone.
struct Capture: ConsoleCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cut a part out of the history, into a file of the same kind to hand to someone.",
    discussion: """
      nshist capture --since '2026-11-23 10:00' --until 10:30 --output incident.db
      nshist capture --since -1h container:web --output web.db
      nshist capture --since yesterday --until today --gzip --output day.db.gz

      Every question about the time and the processes of the part has the same answer from both files, or is refused. \
      The history is not changed, and a recorder goes on meanwhile.
      """)

  @Argument(
    help: ArgumentHelp(
      "Only these processes: a PID as the recorder saw it (every process that had it), container:ID or container:NAME.",
      valueName: "process"), completion: Completions.process)
  var processes: [String] = []

  @Option(
    help: ArgumentHelp(
      "The new file. It appears only when it is complete, and replaces no file.", valueName: "path"),
    completion: .file())
  var output: String

  @Flag(
    help:
      "Compress the new file with gzip(1). Its name ends with .gz; the ending is added if it is missing."
  )
  var gzip = false

  @OptionGroup var range: RangeOption
  @OptionGroup var database: DatabaseOption

  func validate() throws {
    guard !output.isEmpty else { throw ValidationError("--output needs a path") }
    guard output != "-" else {
      throw ValidationError("a history cannot be written to standard output; give --output a path")
    }
    guard range.since != nil || range.until != nil || !processes.isEmpty else {
      throw ValidationError(
        "give --since, --until or a process: without them, the part is the whole history")
    }
  }

  func run(on console: Console) throws {
    var request = SliceRequest(in: try range.window(now: console.now))
    for text in processes {
      switch try SelectorArguments.process(text, now: console.now) {
      case .pid(let pid, nil, _): request.pids.append(pid)
      case .container(let container): request.containers.append(container)
      default:
        throw ValidationError(
          "'\(text)' cannot be captured by itself; give a PID, container:ID or container:NAME")
      }
    }
    let path = try database.path()
    let reader = try HistoryReader(path: path)
    for container in request.containers { try reader.requireKnown(.container(container)) }
    let interruption = Interruption()
    defer { interruption.end() }
    try write(request, of: path, console.messages)
  }

  private func write(_ request: SliceRequest, of path: String, _ messages: Messages) throws {
    let writer = try SliceWriter(of: path)
    writer.onProgress {
      messages.progress()
      return !Interruption.isPending
    }
    let target = gzip && !output.hasSuffix(".gz") ? "\(output).gz" : output
    let file = try OutputDatabase(target)
    let result = try writer.write(request, to: file.temporary, named: target)
    if gzip { try file.compress { !Interruption.isPending } }
    messages.stopProgress()
    try file.finish()
    let from = TimeFormat.localTime(result.time.lowerBound, .local)
    let until = TimeFormat.localTime(result.time.upperBound, .local)
    let count = RecordingFormatter.count(result.processes, "process", "processes")
    messages.say("wrote \(target): \(from) to \(until), \(count)")
  }
}
