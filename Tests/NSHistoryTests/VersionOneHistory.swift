// A history as the first version of the schema had it, made with that version's SQL. The last
// recorder was killed:
//
//   sample    1    2    3    4  |  5    6    7    8      session 1 was stopped, session 2 is open
//   10 still  host host host host host host host host
//   20 mover  host net  net  host net  net  net  net     back and forth, the last time unseen
//   30 job    net  net  zombie                           in the net namespace before 20
//   40 forker host for  for  for  for  for               its children go to a pid namespace, which
//                                                        nobody is in
//   50 late                            own  own  own     in a net namespace of its own
//   60 brief       uts  uts                              in a uts namespace of its own

import Migrations
import SQLite

enum VersionOneHistory {
  static let second: Int64 = 1_000_000_000
  static let boot = "11111111-1111-4111-8111-111111111111"
  /// The rows of the namespaces that are not initial.
  static let net: Int64 = 9
  static let forChildren: Int64 = 10
  static let ownNet: Int64 = 11
  static let uts: Int64 = 12

  /// When a sample began, on the wall clock.
  static func wall(_ sample: Int64) -> Int64 { 1_700_000_000 * second + boot(sample) }
  /// The same on the boot clock: every ten seconds, with a minute between the sessions.
  static func boot(_ sample: Int64) -> Int64 {
    (1000 + sample * 10 + (sample > 4 ? 60 : 0)) * second
  }

  /// Writes it into a new file.
  static func write(_ path: String) throws {
    let connection = try Connection(path: path, access: .readWrite)
    try connection.execute("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x4E534853")
    let first = Migration.all[0]
    try connection.execute(migrationTable)
    try connection.execute(first.sql)
    try connection.execute("PRAGMA user_version = 1; PRAGMA foreign_keys = ON")
    try connection.prepare("INSERT INTO migration VALUES (1, ?, ?, 0)")
      .bind(.text(first.name), .text(first.checksum)).run()
    try connection.execute(
      """
      INSERT INTO boot VALUES (1, '\(boot)', 100);
      INSERT INTO pid_space VALUES (1, 1, 4026531836, 4, NULL, NULL);
      INSERT INTO session VALUES
        (1, 1, 900, 4026531836, 'nshist 0.0', 10000000000, 'name_to_handle_at', '/proc', 0,
         \(wall(1)), \(boot(1)), NULL, NULL, NULL, NULL),
        (2, 1, 901, 4026531836, 'nshist 0.0', 10000000000, 'name_to_handle_at', '/proc', 0,
         \(wall(5)), \(boot(5)), NULL, NULL, NULL, NULL);
      """)
    let samples = (Int64(1)...8).map { sample in
      "(\(sample), \(sample > 4 ? 2 : 1), \(wall(sample)), \(boot(sample)), 20000000, NULL, NULL)"
    }
    try connection.execute("INSERT INTO sample VALUES \(samples.joined(separator: ", "))")
    try connection.execute(
      """
      UPDATE session SET first_sample = 1, last_sample = 4, ended_wall_ns = \(wall(4) + second),
        end_reason = 'stopped' WHERE session_id = 1;
      UPDATE session SET first_sample = 5 WHERE session_id = 2;
      \(namespaces) \(sets) \(processes)
      """)
  }

  /// The table of migrations of the time.
  private static let migrationTable = """
    CREATE TABLE migration (
      version    INTEGER PRIMARY KEY,
      name       TEXT NOT NULL,
      checksum   TEXT NOT NULL,
      applied_ns INTEGER NOT NULL
    ) STRICT
    """

  private static let namespaces = """
    INSERT INTO namespace VALUES
      (1, 1, 1, 4026531835, 5, NULL, NULL, 1), (2, 1, 2, 4026531839, 1, NULL, NULL, 1),
      (3, 1, 3, 4026531832, 8, NULL, NULL, 1), (4, 1, 4, 4026531833, 7, NULL, NULL, 1),
      (5, 1, 5, 4026531836, 4, NULL, NULL, 1), (6, 1, 6, 4026531834, 6, NULL, NULL, 1),
      (7, 1, 7, 4026531837, 3, NULL, NULL, 1), (8, 1, 8, 4026531838, 2, NULL, NULL, 1),
      (9, 1, 4, 4026532201, 4106, NULL, NULL, 0), (10, 1, 5, 4026532202, 4107, NULL, NULL, 0),
      (11, 1, 4, 4026532203, 4108, NULL, NULL, 0), (12, 1, 8, 4026532204, 4109, NULL, NULL, 0);
    """

  /// The sets: 1 host, 2 net, 3 zombie, 4 children go elsewhere, 5 a net of its own, 6 uts.
  private static let sets = [
    [1, 2, 3, 4, 5, 5, 6, 6, 7, 8], [1, 2, 3, 9, 5, 5, 6, 6, 7, 8],
    [-2, -2, -2, -2, 5, -2, -2, -2, 7, -2], [1, 2, 3, 4, 5, 10, 6, 6, 7, 8],
    [1, 2, 3, 11, 5, 5, 6, 6, 7, 8], [1, 2, 3, 4, 5, 5, 6, 6, 7, 12],
  ].enumerated().map { place, parts in
    let text = parts.map(String.init).joined(separator: " ")
    let links = parts.enumerated().map { link, part in
      "(\(place + 1), \(link), \(part > 0 ? "\(part), NULL" : "NULL, \(-part)"))"
    }
    return """
      INSERT INTO namespace_set VALUES (\(place + 1), '\(text)');
      INSERT INTO namespace_set_link VALUES \(links.joined(separator: ", "));
      """
  }.joined()

  private static let processes = """
    INSERT INTO cgroup VALUES (1, '0::/init.scope');
    INSERT INTO task VALUES
      (1, 1, 10, 1000, 0, 0, '10', \(wall(0)), 'still', 0, 1),
      (2, 1, 20, 2000, 10, 0, '20', \(wall(0)), 'mover', 0, 1),
      (3, 1, 30, 3000, 10, 0, '30', \(wall(0)), 'job', 1000, 1),
      (4, 1, 40, 4000, 10, 0, '40', \(wall(0)), 'forker', 0, NULL),
      (5, 1, 50, 111500, 10, 0, '50', \(wall(6) - 5 * second), 'late', 0, 1),
      (6, 1, 60, 101500, 10, 0, '60', \(wall(1) + 5 * second), 'brief', NULL, 1);
    INSERT INTO membership VALUES
      (1, 1, 1, 1, 4), (2, 2, 1, 1, 1), (3, 3, 2, 1, 2), (4, 4, 1, 1, 1), (5, 2, 2, 2, 3),
      (6, 4, 4, 2, 4), (7, 6, 6, 2, 3), (8, 3, 3, 3, 3), (9, 2, 1, 4, 4),
      (10, 1, 1, 5, NULL), (11, 2, 2, 5, NULL), (12, 4, 4, 5, 6), (13, 5, 5, 6, NULL);
    """
}
