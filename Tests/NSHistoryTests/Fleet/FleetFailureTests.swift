// What goes wrong with a store: roles, copies of a file, two shippers, certificates, a server that dies or hangs, and
// retention on both sides.

import Glibc
import NSFleet
import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

@Suite(.enabled(if: PostgresServer.isThere, "needs the server of Debian's package postgresql"))
struct FleetFailureTests {
  /// Returns the code of the failure of the store; nil if there is none.
  private func failure<T>(_ body: () throws -> T) -> FleetError.Code? {
    do {
      _ = try body()
      return nil
    } catch let error as FleetError {
      return error.code
    } catch ShipError.store(let error) {
      return error.code
    } catch { return .failed }
  }

  private func shipAll(_ path: String, _ uri: String, limit: Int = 5000) throws {
    let shipper = try Shipper(of: path, to: FleetStore(uri))
    while let progress = try shipper.shipBatch(limit: limit), !progress.isWhole {}
  }

  /// Makes a role with a password, and returns the path of a passfile.
  private func role(
    _ name: String, _ group: String, _ server: PostgresServer, options: String = ""
  ) throws -> String {
    try server.sql(
      "CREATE ROLE \(name) LOGIN PASSWORD 'secret' \(options) IN ROLE \(group)", in: "postgres")
    let passfile = "\(server.folder)/pass-\(name)"
    let file = try #require(fopen(passfile, "w"))
    fputs("*:*:*:\(name):secret\n", file)
    fclose(file)
    chmod(passfile, 0o600)
    return passfile
  }

  // MARK: Roles

  @Test("a shipper writes its own history and reads nothing, and a reader changes nothing")
  func roles() throws {
    let trial = try FleetTrial(seed: 1)
    try trial.recordSamples()
    let server = try PostgresServer.shared()
    for (name, group) in [
      ("roles_a", "nshist_shipper"), ("roles_b", "nshist_shipper"), ("roles_r", "nshist_reader"),
    ] {
      try server.sql("CREATE ROLE \(name) LOGIN IN ROLE \(group)", in: trial.database)
    }
    let own = server.uri(trial.database, "roles_a")
    try shipAll(trial.path, own)
    try shipAll(trial.path, own)
    let other = server.uri(trial.database, "roles_b")
    #expect(failure { try shipAll(trial.path, other) } == .ownedByAnother)
    #expect(failure { try FleetStore(own).histories() } == .denied)
    #expect(failure { try FleetStore(own).initialize() } == .denied)
    let reader = server.uri(trial.database, "roles_r")
    #expect(try FleetStore(reader).histories().count == 1)
    #expect(failure { try shipAll(trial.path, reader) } == .denied)
    for statement in [
      "DELETE FROM nshist.task", "SELECT nshist.remove_before('2100-01-01')",
      "SELECT * FROM nshist.task", "UPDATE nshist.history SET owner = 'roles_a'",
      "CREATE TEMP TABLE nshist_shipment (); SELECT nshist.commit_ship("
        + "'\(try trial.uuid())', 1, 1, 1, 1, true, true, NULL, NULL, '', '', '', '', 1, 1)",
    ] {
      #expect(throws: PostgresServer.Failure.self, "\(statement)") {
        try server.sql(statement, in: trial.database, as: "roles_a")
      }
    }
    for statement in ["DELETE FROM nshist.task", "SELECT nshist.remove_before('2100-01-01')"] {
      #expect(throws: PostgresServer.Failure.self, "\(statement)") {
        try server.sql(statement, in: trial.database, as: "roles_r")
      }
    }
  }

  // MARK: Copies

  @Test("a restored file and a copy that was recorded into are refused")
  func copies() throws {
    let trial = try FleetTrial(seed: 2)
    try trial.recordEvents(shippingOneOf: 1_000_000)
    let early = try trial.copy("early.db")
    try trial.recordMore(trial.path, seed: 3)
    try trial.ship()
    #expect(failure { try shipAll(early, trial.uri) } == .fileIsBehind)
    try trial.recordMore(early, seed: 4)
    try trial.recordMore(early, seed: 5)
    #expect(failure { try shipAll(early, trial.uri) } == .fileDiffers)
    // The history itself goes on.
    try trial.recordMore(trial.path, seed: 6)
    try trial.ship()
    try trial.compare(TimeWindow())
  }

  @Test("a slice is not shipped")
  func slice() throws {
    let trial = try FleetTrial(seed: 2)
    try trial.recordSamples()
    let slice = try trial.capture(TimeWindow())
    #expect(failure { try shipAll(slice, trial.uri) } == .isSlice)
  }

  @Test("of two shippers of one file, one is refused, and nothing is shipped twice")
  func twoShippers() throws {
    let trial = try FleetTrial(seed: 3)
    try trial.recordEvents(shippingOneOf: 1_000_000)
    let first = try Shipper(of: trial.path, to: FleetStore(trial.uri))
    let second = try Shipper(of: trial.path, to: FleetStore(trial.uri))
    _ = try first.shipBatch(limit: 20)
    #expect(failure { try second.shipBatch(limit: 20) } == .otherShipper)
    try trial.ship()
    try trial.compare(TimeWindow())
  }

  // MARK: Trust

  @Test("the server has to prove its name, and a plain connection has to be asked for")
  func trust() throws {
    let trial = try FleetTrial(seed: 4)
    let server = try PostgresServer.shared()
    let passfile = try role("trusted", "nshist_reader", server)
    let good = server.secureURI(trial.database, "trusted", passfile: passfile)
    #expect(try FleetStore(good).histories() == [])
    let refused = [
      server.secureURI(trial.database, "trusted", passfile: passfile, authority: "other.crt"),
      server.secureURI(trial.database, "trusted", passfile: passfile, host: "elsewhere"),
      server.uri(trial.database).replacing("&sslmode=disable", with: ""),
    ]
    for uri in refused { #expect(failure { try FleetStore(uri) } == .notTrusted, "\(uri)") }
    #expect(
      failure { try FleetStore("postgresql://a:secret@localhost/b") } == .passwordInAddress)
    #expect(
      failure { try FleetStore("postgresql://a@localhost/b?password=x") } == .passwordInAddress)
    #expect(failure { try FleetStore("host=localhost") } == .notAnAddress)
    #expect(failure { try FleetStore("postgresql://localhost/b?nonsense=1") } == .notAnAddress)
    let old = try role("expired", "nshist_reader", server, options: "VALID UNTIL '2020-01-01'")
    let expired = server.secureURI(trial.database, "expired", passfile: old)
    #expect(failure { try FleetStore(expired) } == .notAuthenticated)
    #expect(failure { try FleetStore(server.uri("nosuch")) } == .notAStore)
    #expect(failure { try FleetStore(server.uri("postgres")).histories() } == .notAStore)
  }

  // MARK: Versions

  @Test("an older host ships into a newer store, and a newer program refuses an older one")
  func versions() throws {
    let trial = try FleetTrial(seed: 5)
    try trial.recordSamples()
    let server = try PostgresServer.shared()
    func setVersion(_ version: Int) throws {
      try server.sql(
        "CREATE OR REPLACE FUNCTION nshist.version() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT \(version)'",
        in: trial.database)
    }
    try setVersion(99)
    try trial.ship()
    #expect(failure { try FleetStore(trial.uri).histories() } == .newerStore)
    #expect(failure { try FleetStore(trial.uri).initialize() } == .newerStore)
    try setVersion(0)
    #expect(failure { try shipAll(trial.path, trial.uri) } == .olderStore)
    #expect(try FleetStore(trial.uri).initialize() == 0)
    #expect(try FleetStore(trial.uri).initialize() == FleetStore.version)
    try trial.compare(TimeWindow())
  }

  // MARK: Failures of the server

  @Test("after a crash of the server in the middle of a batch nothing is missing or twice there")
  func crash() throws {
    let server = try PostgresServer()
    let trial = try FleetTrial(seed: 6, server: server)
    try trial.recordEvents(shippingOneOf: 1_000_000)
    let shipper = try Shipper(of: trial.path, to: FleetStore(trial.uri))
    _ = try shipper.shipBatch(limit: 30)
    try server.kill()
    let code = failure { try shipper.shipBatch(limit: 30) }
    #expect(code == .connectionLost)
    #expect(failure { try FleetStore(trial.uri) } == .unreachable)
    try server.start()
    try shipAll(trial.path, trial.uri, limit: 30)
    try trial.compare(TimeWindow())
  }

  @Test("a server that does not answer ends a call after the time that it was given")
  func hang() throws {
    let trial = try FleetTrial(seed: 7)
    try trial.recordSamples()
    let shipper = try Shipper(of: trial.path, to: FleetStore(trial.uri, timeout: 500))
    let server = try PostgresServer.shared()
    let backend = try server.sql(
      "SELECT pid FROM pg_stat_activity WHERE datname = '\(trial.database)' AND application_name = 'nshist'",
      in: "postgres")
    let pid = try #require(Int32(backend))
    kill(pid, SIGSTOP)
    defer { kill(pid, SIGCONT) }
    #expect(failure { try shipper.shipBatch(limit: 100) } == .timedOut)
  }

  // MARK: Retention

  @Test("what a host has removed stays in the store", arguments: RandomSeeds.usually(4))
  func retentionOfTheHost(seed: UInt64) throws {
    let trial = try FleetTrial(seed: seed + 50)
    try trial.recordEvents(shippingOneOf: 20)
    try trial.ship()
    let whole = try trial.copy("whole.db")
    let times = try trial.times()
    for part in [3, 2] {
      _ = try HistoryMaintenance(path: trial.path, operation: "prune")
        .prune(before: times[times.count / part])
      try trial.ship()
    }
    for _ in 0..<3 { try trial.compare(trial.window(of: times), with: whole) }
  }

  @Test("what the store has removed is expired, and what is left has the same answers")
  func retentionOfTheStore() throws {
    let trial = try FleetTrial(seed: 60)
    try trial.recordEvents(shippingOneOf: 10)
    try trial.ship()
    let server = try PostgresServer.shared()
    // All that has exited is of one day.
    let removed = try server.sql("SELECT nshist.remove_before('2100-01-01')", in: trial.database)
    #expect(try #require(Int(removed)) > 0)
    let missing = try server.sql("SELECT missing_seq FROM nshist.history", in: trial.database)
    let last = try #require(Int64(missing))
    let times = try Connection(path: trial.path, access: .readOnly).prepare(
      "SELECT wall_ns FROM sample WHERE seq > ? ORDER BY seq"
    ).bind(.integer(last)).map { WallTime(nanoseconds: $0.integer(0)) }
    guard let first = times.first, let newest = times.last, times.count > 2 else { return }
    let slice = try trial.pull(TimeWindow(since: first, until: newest))
    let watermark = try Connection(path: slice, access: .readOnly)
      .prepare("SELECT watermark_seq FROM history").first { $0.integer(0) }
    #expect(watermark == last + 1 || (watermark ?? 0) > last)
    #expect(try HistoryReader(path: slice).verify().flatMap(\.faults) == [])
  }

  // MARK: Hostile text

  @Test("hostile text in every text column arrives as it is")
  func hostileText() throws {
    let trial = try FleetTrial(seed: 8)
    try trial.recordEvents(shippingOneOf: 1_000_000)
    let connection = try Connection(path: trial.path, access: .readWrite)
    let texts = [
      "\\N", "\\.", "a\tb\nc\\\r", "'; DROP TABLE x; --", "\u{1}\u{7f}\u{fffd}", "\"{}[]", "$1",
    ]
    for (column, table) in [
      ("comm", "task"), ("nspid", "task"), ("comm", "short_lived_task"), ("host_name", "session"),
      ("machine_id", "session"), ("program", "session"), ("name", "container"), ("id", "container"),
    ] {
      for (position, text) in texts.enumerated() {
        try connection.prepare(
          "UPDATE \(table) SET \(column) = ?1 WHERE rowid % \(texts.count) = \(position)"
        ).bind(.text(text)).run()
      }
    }
    try trial.ship()
    try trial.compare(TimeWindow())
    _ = try FleetStore(trial.uri).histories()
  }

  // MARK: Search

  @Test("a search finds what the file has, by an index")
  func search() throws {
    let trial = try FleetTrial(seed: 9)
    try trial.recordEvents(shippingOneOf: 1_000_000)
    try trial.ship()
    let store = try FleetStore(trial.uri)
    func count(_ target: FleetSearch.Target) throws -> Int {
      var found = 0
      try FleetSearch(target, since: .zero, until: .max).run(in: store) { _ in
        found += 1
        return true
      }
      return found
    }
    let connection = try Connection(path: trial.path, access: .readOnly)
    let names = try connection.prepare(
      """
      SELECT comm, COUNT(*) FROM (SELECT comm FROM task UNION ALL SELECT comm FROM short_lived_task)
      WHERE comm IS NOT NULL GROUP BY comm LIMIT 5
      """
    ).map { ($0.text(0), Int($0.integer(1))) }
    #expect(!names.isEmpty)
    for (name, expected) in names { #expect(try count(.comm(name)) == expected, "\(name)") }
    let namespaces = try connection.prepare(
      "SELECT type, inode, COUNT(*) FROM namespace WHERE first_seq IS NOT NULL GROUP BY 1, 2 LIMIT 5"
    ).map { ($0.integer(0), $0.integer(1), Int($0.integer(2))) }
    for (type, inode, expected) in namespaces {
      let type = try #require(NamespaceType(rawValue: UInt8(type)))
      #expect(try count(.inode(type, UInt64(inode))) == expected)
    }
    var marks: [String: Int] = [:]
    try HistoryReader(path: trial.path).changes(ChangesQuestion()) { change in
      for mark in change.marks { marks[mark.rawValue, default: 0] += 1 }
      return true
    }
    #expect(!marks.isEmpty)
    for (mark, expected) in marks { #expect(try count(.mark(mark)) == expected, "\(mark)") }
    let container = try connection.prepare(
      "SELECT id FROM container JOIN cgroup USING (container_id) JOIN task USING (cgroup_id) LIMIT 1"
    ).first { $0.text(0) }
    if let container { #expect(try count(.container(String(container.prefix(12)))) >= 1) }
    #expect(try count(.comm("nobody")) == 0)
  }
}
