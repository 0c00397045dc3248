internal import ArgumentParser
internal import NSHistory

/// The option that names the container whose PIDs the user gives.
struct InsideOption: ParsableArguments {
  @Option(
    name: .customLong("in"),
    help: ArgumentHelp(
      "PIDs are those seen inside this container, by name or id.", valueName: "container"))
  var container: String?

  @OptionGroup var incarnations: IncarnationsOption

  /// Parses a process selector. With `--in`, the PID is the one inside that container.
  func process(_ text: String, now: Int64) throws -> ProcessSelector {
    guard let container else { return try incarnations.process(text, now: now) }
    let selector = try SelectorArguments.process(text, now: now)
    guard !container.isEmpty else { throw ValidationError("--in names no container") }
    guard case .pid(let number, nil, _) = selector else {
      throw ValidationError(
        "'\(text)' is not a PID inside a container; leave --in out, or give a PID")
    }
    return incarnations.meant(.inner(number, .container(container)))
  }
}
