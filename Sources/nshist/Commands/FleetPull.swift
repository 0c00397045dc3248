internal import ArgumentParser
internal import NSFleet
internal import NSHistory

/// `nshist fleet pull`: makes a slice of a host's history out of the store.
struct FleetPull: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Make a slice of a host's history out of a store.",
    discussion: """
      nshist fleet pull postgresql:///?service=fleet --host a --output a.db
      nshist fleet pull postgresql:///?service=a --host b --since -1h --output b.db

      The slice answers every question about its time as the host's own file does, or refuses it.
      """)

  @Argument(help: ArgumentHelp("The URI of the store.", valueName: "uri"))
  var uri: String

  @Option(help: ArgumentHelp(HostName.help, valueName: "host"))
  var host: String

  @OptionGroup var range: RangeOption

  @Option(
    help: ArgumentHelp(
      "The new file. It appears only when it is complete, and replaces no file.", valueName: "path"),
    completion: .file())
  var output: String

  func validate() throws {
    guard !output.isEmpty else { throw ValidationError("--output needs a path") }
    guard output != "-" else {
      throw ValidationError("a history cannot be written to standard output; give --output a path")
    }
  }

  func run(on console: Console) throws {
    let window = try range.window(now: console.now)
    let interruption = Interruption()
    defer { interruption.end() }
    let folder = try ScratchFolder()
    let file = try OutputDatabase(output)
    let result = try FleetConnection(uri).pull(
      host, in: window, to: file.temporary, named: output, folder)
    try file.finish()
    let from = TimeFormat.localTime(result.time.lowerBound, .local)
    let until = TimeFormat.localTime(result.time.upperBound, .local)
    let count = RecordingFormatter.count(result.processes, "process", "processes")
    console.messages.say("wrote \(output): \(from) to \(until), \(count)")
  }
}
