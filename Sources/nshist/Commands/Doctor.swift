internal import ArgumentParser
internal import NSHistory
internal import Procfs

/// `nshist doctor`: checks which features this machine and the caller's privileges allow.
struct Doctor: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Show what this machine, these privileges and the history file allow.",
    discussion: """
      nshist doctor
      nshist doctor --full --db /tmp/history.db --format json

      Each is fine, degraded (with what is lost) or broken (with what mends it). Exit status: 1 if \
      something is broken, otherwise 0.
      """)

  @Flag(help: "Read every page of the history, however large it is.")
  var full = false

  @OptionGroup var options: ListingOptions

  func run(on console: Console) throws {
    let root = try ProcRoot.live()
    let path = try options.database.path()
    let file = FileCheckup(path: path, isFull: full, zone: options.zone, messages: console.messages)
    let checks =
      try KernelCheckup.all(root) + RecordingCheckup(root: root, path: path).all()
      + PrivilegeCheckup.all(root) + file.all()
    let listing = Listing(
      "checks", CheckupColumns.all, to: try Output(console, pages: options.pager), options.format)
    try listing.begin([("state", .string(Checkup.worst(checks).rawValue))])
    _ = checks.allSatisfy(listing.add)
    try listing.end(
      lines: checks.filter { !$0.advice.isEmpty }.map { "\($0.what): \($0.advice)" })
    if Checkup.worst(checks) == .broken { throw ExitCode(ExitStatus.broken) }
  }
}
