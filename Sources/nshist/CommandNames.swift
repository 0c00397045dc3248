internal import ArgumentParser
internal import NSHistory

/// The words with which the arguments begin: the command that they name.
enum CommandNames {
  /// The arguments with `query` before the name of a question, which may be left out: `nshist same 10 20`.
  ///
  /// Throws where a word is no command, and names the nearest one.
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
