internal import ArgumentParser
internal import FoundationEssentials

/// Refuses an option that has one value and is given more than once. The parser would take the last value without a
/// word, and the user might believe that all of them count, as they do for `--type`.
enum RepeatedOption {
  /// Throws an error that names the option. Options whose values add up and flags may be given more than once.
  static func refuse(_ arguments: [String], of command: any ParsableCommand.Type) throws {
    // Few command lines give any option twice, and only then does the description of the command matter.
    guard hasRepetition(arguments) else { return }
    let options = try options(of: command)
    var given: Set<String> = []
    var rest = arguments[...]
    while let argument = rest.popFirst(), argument != "--" {
      guard let option = options[name(argument)] else { continue }
      if !option.isRepeating, !given.insert(option.preferredName).inserted {
        throw ValidationError("--\(option.preferredName) is given more than once; give it once")
      }
      // The next argument is the value, whatever it looks like.
      if !argument.contains("=") { rest = rest.dropFirst() }
    }
  }

  /// Whether any two arguments look like the same option.
  private static func hasRepetition(_ arguments: [String]) -> Bool {
    var given: Set<Substring> = []
    return arguments.contains { $0.hasPrefix("--") && !given.insert(name($0)).inserted }
  }

  /// Returns the part of an argument before a value that is joined to it: `--at` of `--at=10:42`.
  private static func name(_ argument: String) -> Substring {
    argument.prefix { $0 != "=" }
  }

  /// Returns the options of a command with a value, by name.
  private static func options(
    of command: any ParsableCommand.Type
  ) throws -> [Substring: Description.Argument] {
    let text = command._dumpHelp()
    let arguments =
      try JSONDecoder().decode(Description.self, from: Data(text.utf8))
      .command.arguments ?? []
    var options: [Substring: Description.Argument] = [:]
    for argument in arguments where argument.kind == "option" {
      for name in argument.names ?? [] where name.kind == "long" {
        options["--\(name.name)"] = argument
      }
    }
    return options
  }

  /// The parser's description of a command, which it also gives to the programs that write manual pages.
  private struct Description: Decodable {
    let command: Command

    struct Command: Decodable {
      let arguments: [Argument]?
    }

    struct Argument: Decodable {
      /// `option`, `flag` or `positional`.
      let kind: String
      /// Whether the values of several occurrences add up.
      let isRepeating: Bool
      let names: [Name]?

      /// The first long name.
      var preferredName: String { names?.first { $0.kind == "long" }?.name ?? "" }
    }

    struct Name: Decodable {
      let kind: String
      let name: String
    }
  }
}
