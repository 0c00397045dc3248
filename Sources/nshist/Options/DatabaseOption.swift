internal import ArgumentParser
internal import Glibc

/// The option for the path of the history file.
struct DatabaseOption: ParsableArguments {
  @Option(
    name: .customLong("db"),
    help: ArgumentHelp(
      "The history file.",
      discussion: """
        By default $NSHIST_DB, else /var/lib/nshist/history.db for root and \
        $XDG_STATE_HOME/nshist/history.db (~/.local/state) for others.
        """, valueName: "path"), completion: .file())
  var given: String?

  /// Returns the path of the history file: that of `--db`, of `NSHIST_DB`, or the default.
  func path() throws -> String {
    if let given {
      guard !given.isEmpty else { throw ValidationError("--db needs a path") }
      return given
    }
    return try Environment.variable("NSHIST_DB") ?? Self.defaultPath()
  }

  /// Returns the path of the history file to record into. Creates the parent directories of a default path.
  func pathForRecording() throws -> String {
    let path = try path()
    if given == nil, Environment.variable("NSHIST_DB") == nil { Self.makeFolder(of: path) }
    return path
  }

  private static func defaultPath() throws -> String {
    if geteuid() == 0 { return "/var/lib/nshist/history.db" }
    // The XDG Base Directory Specification requires programs to ignore a relative path.
    if let state = Environment.variable("XDG_STATE_HOME"), state.hasPrefix("/") {
      return "\(state)/nshist/history.db"
    }
    guard let home = Environment.variable("HOME") else {
      throw ValidationError("neither HOME nor XDG_STATE_HOME is set: name the file with --db")
    }
    return "\(home)/.local/state/nshist/history.db"
  }

  /// Creates the missing parent directories of a path. Ignores errors: opening the file reports them.
  private static func makeFolder(of path: String) {
    let parts = path.split(separator: "/").dropLast()
    var folder = ""
    for part in parts {
      folder += "/\(part)"
      mkdir(folder, 0o755)
    }
  }
}
