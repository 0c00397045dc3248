internal import ArgumentParser
internal import CLinux
internal import Glibc
internal import NSHistory

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
      Record.self, Query.self, Timeline.self, Report.self, Export.self, Capture.self, Check.self,
      Limits.self, Doctor.self, Status.self, Database.self, Fleet.self,
    ])

  static func main() {
    // Restores the default action of SIGQUIT: the Swift runtime handles the signal as a crash and continues.
    signal(SIGQUIT, SIG_DFL)
    Glibc.exit(run(Arguments.all, on: Console()))
  }

  /// Runs the command that the arguments name, and returns its exit status. Reports a failure in one line on standard
  /// error, and with an exit status of sysexits(3).
  static func run(_ given: [String], on console: Console) -> Int32 {
    var command: (any ParsableCommand)?
    do {
      let arguments = try EnvironmentOptions.add(
        to: CommandNames.complete(Arguments.joiningNegativeValues(given)))
      let parsed = try parse(arguments)
      command = parsed
      try RepeatedOption.refuse(arguments, of: type(of: parsed))
      return run(parsed, on: console)
    } catch { return ExitStatus.report(error, of: command.map { type(of: $0) }, on: console) }
  }

  /// Returns the command that the arguments name.
  static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    try DirectCommand.parse(arguments) ?? parseAsRoot(arguments)
  }

  /// Runs a command that was parsed, and returns its exit status, as `run(_:on:)` with the arguments does.
  static func run(_ parsed: any ParsableCommand, on console: Console) -> Int32 {
    do {
      if let command = parsed as? any ConsoleCommand {
        try command.run(on: console)
      } else {
        var command = parsed
        try command.run()
      }
      return 0
    } catch { return ExitStatus.report(error, of: type(of: parsed), on: console) }
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

/// The arguments of the program.
enum Arguments {
  /// The arguments without the program's name. Works without a mounted `/proc`, from which
  /// `CommandLine.arguments` reads them.
  static var all: [String] {
    (1..<max(1, clinux_argument_count())).compactMap { clinux_argument($0) }
      .map { String(cString: $0) }
  }

  /// Joins each value that begins with a minus sign and a digit, such as `-1h`, to the option before it:
  /// `--since=-1h`. As a separate argument, the parser would also read the value as short options, and on any
  /// other mistake print the help instead of the error, because of the `-h` in it.
  static func joiningNegativeValues(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for argument in arguments {
      let characters = Array(argument.utf8.prefix(2))
      let isNegative =
        characters.count == 2 && characters[0] == UInt8(ascii: "-")
        && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(characters[1])
      if isNegative, let option = joined.last, option.hasPrefix("--"), option.count > 2,
        !option.contains("=")
      {
        joined[joined.count - 1] = "\(option)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined
  }
}

/// Completes the name of the command at the beginning of the arguments.
enum CommandNames {
  /// Returns the arguments with `query` added before the name of a query, if the user omitted it, as in
  /// `nshist same 10 20`.
  ///
  /// Throws an error that names the nearest command if a word is not a command.
  static func complete(_ arguments: [String]) throws -> [String] {
    guard let first = arguments.first, !first.hasPrefix("-"), first != "help" else {
      return arguments
    }
    let commands = NSHist.configuration.subcommands.map(NSHist.name)
    let questions = Query.configuration.subcommands.map(NSHist.name)
    let query = NSHist.name(of: Query.self)
    if questions.contains(first) { return [query] + arguments }
    guard commands.contains(first) else { throw mistake(first, commands + questions) }
    if first == query, let second = arguments.dropFirst().first, !second.hasPrefix("-"),
      !questions.contains(second)
    {
      throw mistake(second, questions)
    }
    return arguments
  }

  private static func mistake(_ word: String, _ known: [String]) -> ValidationError {
    let nearest = UnknownName.nearest(word, known).first.map { "; did you mean '\($0)'?" } ?? ""
    return ValidationError("there is no command '\(SystemText.sanitized(word))'\(nearest)")
  }
}

/// Finds the command that the first arguments name, and lets it parse the remaining ones.
///
/// Parsing from the root command builds every command, and parses the arguments again for each word of the
/// command's name, which takes most of the time of a query on a small history. The root command parses only the
/// arguments that the named command rejects, such as a mistake or a request for help.
enum DirectCommand {
  /// Returns the parsed command; nil if the root command has to parse the arguments.
  static func parse(_ arguments: some Sequence<String>) -> (any ParsableCommand)? {
    var rest = Array(arguments)[...]
    var command: any ParsableCommand.Type = NSHist.self
    while let word = rest.first,
      let next = command.configuration.subcommands.first(where: { NSHist.name(of: $0) == word })
    {
      command = next
      rest.removeFirst()
    }
    guard command != NSHist.self, command.configuration.subcommands.isEmpty else { return nil }
    do {
      let parsed = try command.parseAsRoot(Array(rest))
      // Rejects the help command, whose text would omit the parent commands from the usage line.
      return type(of: parsed) == command ? parsed : nil
    } catch {
      // The root command reports the same error, with the full name of the command.
      return nil
    }
  }
}
