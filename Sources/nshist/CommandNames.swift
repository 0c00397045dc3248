internal import ArgumentParser
internal import NSHistory

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
