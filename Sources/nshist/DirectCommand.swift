internal import ArgumentParser

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
