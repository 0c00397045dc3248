internal import ArgumentParser
internal import NSHistory

/// `nshist db prune`: removes the oldest part of a history.
struct DatabasePrune: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Remove the oldest part of a history that no recorder has.",
    discussion: """
      nshist db prune --before '2026-11-01 00:00'
      nshist db prune --to-size 500M --db /tmp/history.db
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove what had ended by this time. \(TimeArguments.help)", valueName: "time"))
  var before: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove the oldest until the file has this size: 500M, 2G.", valueName: "size"))
  var toSize: String?

  @OptionGroup var database: DatabaseOption

  func validate() throws {
    guard (before == nil) != (toSize == nil) else {
      throw ValidationError("give either --before TIME or --to-size SIZE")
    }
    if let toSize { _ = try SizeArgument.limit(toSize, "--to-size") ?? Self.refuse(toSize) }
    _ = try TimeArguments.time(before, "--before", now: ClockReading.now().wall)
  }

  private static func refuse(_ size: String) throws -> Int64 {
    throw ValidationError("'\(size)' is not a size for --to-size; give 500M or 2G")
  }

  func run(on console: Console) throws {
    let history = try HistoryMaintenance(path: database.path(), operation: "prune")
    let change: HistoryMaintenance.Change
    if let time = try TimeArguments.time(before, "--before", now: console.now) {
      change = try history.prune(before: time)
    } else {
      let size = try toSize.flatMap { try SizeArgument.limit($0, "--to-size") } ?? .max
      change = try history.prune(toSize: size)
      if change.after > size {
        console.messages.say(
          "the last sample alone takes \(SizeArgument.text(change.after)): nothing more can be removed"
        )
      }
    }
    console.messages.say(DatabaseCompact.text(change, "removed \(change.removed) memberships"))
  }
}
