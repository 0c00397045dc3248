internal import ArgumentParser
internal import Glibc
internal import NSFleet
internal import NSHistory
internal import NamespaceModel
internal import SystemPackage

/// The options by which a question is asked of the history of a host in the store of a fleet.
struct FleetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Ask the history of a host in this store: the URI of a PostgreSQL database. Needs --host.",
      valueName: "uri"))
  var fleet: String?

  @Option(help: ArgumentHelp(HostName.help, valueName: "host"))
  var host: String?

  @Option(
    help: ArgumentHelp(
      "With --fleet, write a slice of the time of the question to this new file, and ask that.",
      valueName: "path"),
    completion: .file())
  var keepSlice: String?

  func validate() throws {
    guard (fleet == nil) == (host == nil) else {
      throw ValidationError(
        fleet == nil
          ? "--host needs --fleet URI" : "--fleet needs --host NAME; see nshist fleet hosts")
    }
    guard keepSlice == nil || fleet != nil else {
      throw ValidationError("--keep-slice needs --fleet URI")
    }
    guard keepSlice != "" else { throw ValidationError("--keep-slice needs a path") }
  }

  /// Returns a reader of the host's history, or of a slice of it that is to stay; nil if the question is not for a store.
  ///
  /// - Parameter window: the time that the question is about.
  func reader(of window: TimeWindow, _ console: Console) throws -> HistoryReader? {
    guard let fleet, let host else { return nil }
    let interruption = Interruption()
    defer { interruption.end() }
    let folder = try ScratchFolder()
    guard let keepSlice else {
      let file = folder.file("replica.db")
      try FleetConnection(fleet).restore(host, to: file)
      // The reader has the file open, so that it outlives its name.
      return try HistoryReader(path: file)
    }
    let output = try OutputDatabase(keepSlice)
    // A slice has a sample in its time at least, and a moment may be between two samples.
    var window = window
    if let since = window.since, let until = window.until {
      let margin = Self.shortest - min(until - since, Self.shortest)
      window = TimeWindow(since: since - margin / 2, until: until + margin / 2)
    }
    _ = try FleetConnection(fleet).pull(
      host, in: window, to: output.temporary, named: keepSlice, folder)
    try output.finish()
    return try HistoryReader(path: keepSlice)
  }
}

extension FleetOptions {
  /// The shortest time of a slice that is kept, in nanoseconds.
  private static var shortest: Int64 { 600_000_000_000 }
}

/// The name of a host in a store.
enum HostName {
  static let help = """
    The host: its name, its machine id, or the UUID of its history (or the beginning of that); nshist fleet hosts lists \
    them.
    """
}

/// A folder for files that nobody else may read, which are removed with it.
final class ScratchFolder {
  private let path: String

  init() throws(OutputError) {
    let parent = Environment.variable("TMPDIR") ?? "/tmp"
    let template = strdup("\(parent)/nshist.XXXXXX")
    defer { free(template) }
    guard let template, mkdtemp(template) != nil else {
      throw OutputError(path: parent, errno: Errno(rawValue: errno))
    }
    path = String(cString: template)
  }

  deinit {
    for name in ["slice.db", "replica.db"] { unlink(file(name)) }
    rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A store that the user named, and what failed on it.
struct FleetConnection {
  /// The URI, without its parameters.
  let name: String
  let store: FleetStore

  init(_ uri: String) throws(FleetFailure) {
    name = String(uri.prefix { $0 != "?" })
    do throws(FleetError) { store = try FleetStore(uri) } catch {
      // A URI that is refused may hold a password.
      let isShown = ![.notAnAddress, .passwordInAddress].contains(error.code)
      throw FleetFailure(error, "connect to", isShown ? name : nil)
    }
  }

  /// Runs an operation on the store.
  func run<T>(
    _ operation: String, _ body: (FleetStore) throws(FleetError) -> T
  ) throws(FleetFailure) -> T {
    do throws(FleetError) { return try body(store) } catch {
      throw FleetFailure(error, operation, name)
    }
  }

  /// Writes everything that the store has of a host into a file.
  func restore(_ host: String, to file: String) throws {
    try explaining { () throws(ShipError) in try Puller(from: store).restore(host, to: file) }
  }

  /// Writes a slice of a host's history into a file.
  func pull(
    _ host: String, in window: TimeWindow, to file: String, named: String, _ folder: ScratchFolder
  ) throws -> SliceWriter.Result {
    try explaining { () throws(ShipError) in
      try Puller(from: store).pull(
        host, in: window, to: file, scratch: folder.file("replica.db"), named: named)
    }
  }

  @discardableResult
  private func explaining<T>(_ body: () throws(ShipError) -> T) throws -> T {
    do throws(ShipError) { return try body() } catch {
      switch error {
      case .store(let error): throw FleetFailure(error, "pull from", name)
      case .history(let error): throw error
      }
    }
  }
}
