internal import ArgumentParser
internal import NSHistory

/// `nshist db backup`: copies a history while it is recorded.
struct DatabaseBackup: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the history to another file, also while it is recorded.",
    discussion: """
      nshist db backup /backup/history.db
      nshist db backup copy.db --db /tmp/history.db

      The copy is of one moment. It appears at its path when it is complete, and replaces an earlier copy there.
      """)

  @Argument(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
  var file: String

  @OptionGroup var database: DatabaseOption

  func validate() throws {
    if file.isEmpty { throw ValidationError("the copy needs a path") }
  }

  func run(on console: Console) throws {
    let path = try database.path()
    let reader = try HistoryReader(path: path)
    let interruption = Interruption()
    defer { interruption.end() }
    let size = try reader.backUp(to: file) { copied, all in
      console.messages.status("copied \(copied) of \(all) pages of \(path)")
      return !Interruption.isPending
    }
    console.messages.endStatus()
    console.messages.say("copied \(path) to \(file): \(SizeArgument.text(size))")
  }
}
