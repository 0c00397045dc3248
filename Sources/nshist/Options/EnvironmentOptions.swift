internal import ArgumentParser
internal import NSHistory

/// The options of `nshist record` that the environment gives, as a service manager sets it: `NSHIST_MAX_SIZE=2G` is
/// `--max-size 2G`, and `NSHIST_THREADS=1` is `--threads`. An option among the arguments counts more. `NSHIST_DB`
/// stands for `--db` of every command (`DatabaseOption`).
enum EnvironmentOptions {
  /// The options with a value, and those without.
  static let names = [
    "interval", "samples", "source", "events", "event-ring", "short-lived", "cmdline",
    "pins-every", "proc-root", "host-root", "keep", "max-size", "metrics-file", "log-format",
  ]
  static let flags = ["threads"]

  /// Returns the arguments with the options of the environment added, if they are those of `nshist record`.
  static func add(to arguments: [String]) throws -> [String] {
    guard arguments.first == NSHist.name(of: Record.self) else { return arguments }
    let options = try given(beside: arguments).map(\.option)
    return arguments.prefix(1) + options + arguments.dropFirst()
  }

  /// The variables that `add` adds to the arguments of this process, as text for an error.
  static var text: String {
    guard Arguments.all.first == NSHist.name(of: Record.self),
      // `given` throws for a variable whose value does not suit a flag. That error names the variable itself.
      let given = try? given(beside: Arguments.all), !given.isEmpty
    else { return "" }
    return "; from the environment: \(given.map(\.variable).joined(separator: " "))"
  }

  private static func given(
    beside arguments: [String]
  ) throws -> [(option: String, variable: String)] {
    var given: [(option: String, variable: String)] = []
    for name in names + flags
    where !arguments.contains(where: { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") }) {
      let variable = "NSHIST_\(name.uppercased().replacing("-", with: "_"))"
      guard let value = Environment.variable(variable) else { continue }
      if !flags.contains(name) {
        given.append(("--\(name)=\(value)", "\(variable)=\(value)"))
      } else if try isOn(value, variable) {
        given.append(("--\(name)", "\(variable)=\(value)"))
      }
    }
    return given
  }

  private static func isOn(_ value: String, _ variable: String) throws -> Bool {
    switch value {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default:
      throw ValidationError(
        "\(variable) is '\(SystemText.sanitized(value))' in the environment; give 1 or 0")
    }
  }
}
