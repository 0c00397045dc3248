internal import ArgumentParser

/// Finds the command that the first arguments name, and has it parse the rest.
///
/// Parsing from the root lays out every command that there is, and parses the arguments again for
/// each word of the command: most of what a question to a small history takes. What the command
/// itself does not take, such as a mistake or a wish for help, is left to that.
enum DirectCommand {
  /// Nil where the root has to parse the arguments.
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
      // Not the help of it, which would leave out the words before.
      return type(of: parsed) == command ? parsed : nil
    } catch {
      // The root finds the same, and says of which command it is.
      return nil
    }
  }
}
