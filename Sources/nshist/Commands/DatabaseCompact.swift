internal import ArgumentParser
internal import NSHistory

/// `nshist db compact`: gives the pages without content back to the file system.
struct DatabaseCompact: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Write a history that no recorder has anew, as small as it can be.",
    discussion: """
      nshist db compact
      nshist db compact --db /tmp/history.db

      The device needs room for a second copy meanwhile.
      """)

  @OptionGroup var database: DatabaseOption

  func run(on console: Console) throws {
    let history = try HistoryMaintenance(path: database.path(), operation: "compact")
    console.messages.say(Self.text(try history.compact(), "compacted"))
  }

  /// Returns the message about what was done to a file.
  static func text(_ change: HistoryMaintenance.Change, _ what: String) -> String {
    let begins = change.begins.map { "; it begins at \(TimeFormat.localTime($0, .local))" } ?? ""
    let has =
      change.isBlocked
      ? "will have \(SizeArgument.text(change.after)) when the program that reads it ends its read"
      : "has \(SizeArgument.text(change.after)) now"
    return "\(what): the file had \(SizeArgument.text(change.before)) and \(has)\(begins)"
  }
}
