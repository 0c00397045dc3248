internal import ArgumentParser

/// `nshist db`: the commands that look after the history file itself.
struct Database: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "db",
    abstract: "Look after the history file: its size, its soundness and its age.",
    discussion: """
      nshist db info
      nshist db prune --before '2026-11-01'
      """,
    subcommands: [
      DatabaseInfo.self, DatabaseVerify.self, DatabasePrune.self, DatabaseCompact.self,
      DatabaseBackup.self,
    ])
}
