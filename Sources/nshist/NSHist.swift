internal import ArgumentParser
internal import Glibc

/// The command `nshist`.
@main
struct NSHist: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nshist",
    abstract: "Remembers which process was in which Linux namespace, and when.",
    discussion: """
      nshist record --interval 5
      nshist query same 10 20 --at 10:42
      """,
    version: Program.version,
    subcommands: [
      Record.self, Query.self, Timeline.self, Export.self, Capture.self, Check.self, Limits.self,
      Doctor.self, Status.self, Database.self,
    ])

  /// Runs the command that the arguments name. Reports a failure in one line on standard error and with an exit
  /// status of sysexits(3).
  static func main() {
    // Restores the default action of SIGQUIT: the Swift runtime handles the signal as a crash and continues.
    signal(SIGQUIT, SIG_DFL)
    let console = Console()
    let arguments: [String]
    var command: any ParsableCommand
    do {
      arguments = try EnvironmentOptions.add(
        to: CommandNames.complete(Arguments.joiningNegativeValues(Arguments.all)))
      command = try DirectCommand.parse(arguments) ?? parseAsRoot(arguments)
    } catch { ExitStatus.leave(for: error, of: nil, console.messages) }
    do {
      try RepeatedOption.refuse(arguments, of: type(of: command))
      if let command = command as? any ConsoleCommand {
        try command.run(on: console)
      } else {
        try command.run()
      }
    } catch { ExitStatus.leave(for: error, of: type(of: command), console.messages) }
  }

  /// Returns the words that invoke a command: `nshist query same`.
  static func words(for command: any ParsableCommand.Type) -> String? {
    words(for: command, in: Self.self)?.joined(separator: " ")
  }

  private static func words(
    for command: any ParsableCommand.Type, in parent: any ParsableCommand.Type
  ) -> [String]? {
    let name = name(of: parent)
    if parent == command { return [name] }
    return parent.configuration.subcommands.lazy.compactMap { words(for: command, in: $0) }.first
      .map { [name] + $0 }
  }

  /// Returns the name of a command.
  static func name(of command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? "\(command)".lowercased()
  }
}

/// The name and version of the program.
enum Program {
  static let version = "0.1.0"
  static let nameAndVersion = "nshist \(version)"
}

/// `nshist query`: the commands that query the history.
struct Query: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Ask the history.",
    discussion: """
      nshist query same 10 20 --at 10:42
      nshist query shared container:web container:db --since -1h
      nshist query history 4711
      """,
    subcommands: [
      QuerySame.self, QueryShared.self, QueryHistory.self, QueryMembers.self, QueryPeers.self,
      QueryChanges.self,
      QueryNamespaces.self, QueryProcesses.self, QueryTree.self, QueryCoverage.self,
    ])
}
