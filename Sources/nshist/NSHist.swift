internal import ArgumentParser

/// The command `nshist`.
@main
struct NSHist: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nshist",
    abstract: "Remembers which process was in which Linux namespace, and when.",
    version: Program.version,
    subcommands: [Record.self, Query.self, Export.self, Check.self])

  /// Runs what the arguments say. Every failure is one line on standard error and a status of
  /// sysexits(3).
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      ExitStatus.leave(for: error)
    }
  }
}

/// What the program says of itself.
enum Program {
  static let version = "0.1.0"
  static let nameAndVersion = "nshist \(version)"
}
