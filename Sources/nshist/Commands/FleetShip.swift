internal import ArgumentParser
internal import Glibc
internal import NSFleet
internal import NSHistory
internal import NamespaceModel

/// `nshist fleet ship`: ships a history file to a store.
struct FleetShip: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "ship",
    abstract: "Ship the history file to a store: once, or again and again.",
    discussion: """
      nshist fleet ship --to postgresql:///?service=fleet
      nshist fleet ship --to postgresql:///?service=fleet --every 30s

      It goes on from where the store is, and reads only the history file: after an outage it ships what was recorded \
      meanwhile. A recorder goes on beside it.
      """)

  @Option(
    help: ArgumentHelp(
      "The URI of the store. A password belongs into a passfile or a service file.",
      valueName: "uri"))
  var to: String

  @Option(
    help: ArgumentHelp(
      "Ship again and again, this long after the last time. Without it, ship once.",
      valueName: "time"))
  var every: String?

  @Option(help: ArgumentHelp("About how many rows to ship in one transaction.", valueName: "count"))
  var batch = 5000

  @Option(
    help: ArgumentHelp(
      "Ship at most this many bytes a second: 1M, 500K.", valueName: "size"))
  var maxRate: String?

  @OptionGroup var database: DatabaseOption

  func validate() throws {
    _ = try interval()
    _ = try rate()
    guard (1...100_000).contains(batch) else {
      throw ValidationError("--batch \(batch) is not from 1 to 100000")
    }
  }

  /// The time between two ships, in nanoseconds.
  private func interval() throws -> Int64? {
    guard let every else { return nil }
    guard let time = DurationExpression.parse(every), time >= 1_000_000_000 else {
      throw ValidationError("'\(every)' is not a time for --every; give 30s, or 1s or more")
    }
    return time
  }

  private func rate() throws -> Int64? {
    guard let maxRate else { return nil }
    let bytes = try SizeArgument.bytes(maxRate, "--max-rate")
    guard bytes >= 1024 else {
      throw ValidationError("--max-rate \(maxRate) ships nothing; give 1K or more")
    }
    return bytes
  }

  func run(on console: Console) throws {
    let path = try database.path()
    let interval = try interval()
    let rate = try rate()
    guard let interval else {
      let shipped = try ship(path, rate, console)
      return console.messages.say(text(shipped))
    }
    var backoff = Backoff()
    var connected: Shipper?
    while true {
      do {
        let shipper = try connected ?? connect(path)
        connected = shipper
        _ = try batches(shipper, rate, console)
        if backoff.reset() { console.messages.say("the store answers again") }
        Pause.sleep(interval)
      } catch {
        connected = nil
        guard Self.isTemporary(error) else { throw error }
        let wait = backoff.next()
        console.messages.say(
          "\(Self.text(error)); tries again in \(TimeFormat.duration(wait))", .warning)
        Pause.sleep(wait)
      }
    }
  }

  /// What one ship has sent.
  private struct Shipped {
    var rows = 0
    var bytes = 0
    var reached: WallTime?
  }

  private func connect(_ path: String) throws -> Shipper {
    let connection = try FleetConnection(to)
    return try named(connection.name) { () throws(ShipError) in
      try Shipper(of: path, to: connection.store)
    }
  }

  private func ship(_ path: String, _ rate: Int64?, _ console: Console) throws -> Shipped {
    try batches(connect(path), rate, console)
  }

  /// Ships batches until the store has all that is in the file.
  private func batches(_ shipper: Shipper, _ rate: Int64?, _ console: Console) throws -> Shipped {
    var shipped = Shipped()
    while true {
      let begin = ClockReading.now().monotonic
      let progress = try named(String(to.prefix { $0 != "?" })) { () throws(ShipError) in
        try shipper.shipBatch(limit: batch)
      }
      guard let progress else { return shipped }
      shipped.rows += progress.rows
      shipped.bytes += progress.bytes
      shipped.reached = progress.reached
      if progress.isWhole { return shipped }
      console.messages.status(
        "shipped \(shipped.rows) rows, up to \(TimeFormat.localTime(progress.reached, .local))")
      guard let rate else { continue }
      let least = Int64(progress.bytes) * 1_000_000_000 / rate
      Pause.sleep(least - (ClockReading.now().monotonic - begin))
    }
  }

  private func named<T>(
    _ store: String, _ body: () throws(ShipError) -> T
  ) throws -> T {
    do throws(ShipError) { return try body() } catch {
      switch error {
      case .history(let error): throw error
      case .store(let error): throw FleetFailure(error, "ship to", store)
      }
    }
  }

  /// Whether a shipper that runs as a service tries again after a failure.
  private static func isTemporary(_ error: any Error) -> Bool {
    switch error {
    case let error as FleetFailure: error.error.isTemporary || error.error.code == .otherShipper
    // The recorder may not have begun yet.
    case let error as HistoryError: [.missing, .busy].contains(error.kind)
    default: false
    }
  }

  private static func text(_ error: any Error) -> String {
    (error as? FleetFailure)?.text ?? "\(error)"
  }

  private func text(_ shipped: Shipped) -> String {
    let rows = RecordingFormatter.count(shipped.rows, "row", "rows")
    guard let reached = shipped.reached else { return "the history has no sample yet" }
    return "shipped \(rows), \(SizeArgument.text(Int64(shipped.bytes))), up to "
      + TimeFormat.localTime(reached, .local)
  }
}

/// How long to wait after failures that follow one another: twice as long each time, up to five minutes, less a random
/// part, so that the hosts of a fleet do not all come back at once.
struct Backoff {
  private var failures = 0

  /// Returns how long to wait after one more failure, in nanoseconds.
  mutating func next() -> Int64 {
    let longest = min(Int64(300), 1 << Int64(min(failures, 9))) * 1_000_000_000
    failures += 1
    return Int64.random(in: longest / 2...longest)
  }

  /// Forgets the failures. Returns whether there were any.
  mutating func reset() -> Bool {
    defer { failures = 0 }
    return failures > 0
  }
}

/// Waits for some time.
enum Pause {
  static func sleep(_ nanoseconds: Int64) {
    guard nanoseconds > 0 else { return }
    var time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    var rest = timespec()
    while nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
  }
}
