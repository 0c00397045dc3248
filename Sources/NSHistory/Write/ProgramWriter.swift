internal import NamespaceModel
internal import SQLite

/// Maps programs and logins to their rows: one row each, however many tasks have them.
///
/// `used_seq` of a row is the last sequence number at which a row of `short_lived_task` or `past_description` came to
/// refer to it, or at which it was inserted. Retention decides by it whether such a row may remain, so that these two
/// tables, the largest of all, need no index for it.
final class ProgramWriter {
  private let connection: Connection
  private var programs: [Program: Int64] = [:]
  private var logins: [Login: Int64] = [:]
  /// The sequence number of the sample or event that is being written.
  private var number: SequenceNumber = .zero
  /// The rows that came to be referred to since the last call of `write`, with the last sequence number of each.
  private var usedPrograms: [Int64: SequenceNumber] = [:]
  private var usedLogins: [Int64: SequenceNumber] = [:]
  /// The seed of `digest`; nil until it is needed.
  private var seed: UInt64?
  /// The most programs, and the most logins, in the caches: a program takes up to a kilobyte.
  private static let limit = 4096

  init(_ connection: Connection) { self.connection = connection }

  /// Sets the sequence number of the sample or event whose programs are interned next.
  func begin(_ number: SequenceNumber) { self.number = number }

  /// Empties the caches: after a rollback their rows may not exist. What `use` noted stays, since a `used_seq` that is
  /// too great only makes retention keep a row for longer.
  func clearCaches() {
    programs.removeAll()
    logins.removeAll()
  }

  /// Empties the caches if they are large.
  func trim() {
    if programs.count > Self.limit { programs.removeAll() }
    if logins.count > Self.limit { logins.removeAll() }
  }

  /// Notes that a row of `short_lived_task` or `past_description` refers to a program and a login.
  func use(_ program: Int64?, _ login: Int64?, at number: SequenceNumber) {
    if let program { usedPrograms[program] = max(number, usedPrograms[program] ?? number) }
    if let login { usedLogins[login] = max(number, usedLogins[login] ?? number) }
  }

  /// Writes `used_seq` of the rows that came to be referred to, at the end of a transaction.
  func write() throws(SQLiteError) {
    for (row, number) in usedPrograms {
      try connection.prepare(
        "UPDATE program SET used_seq = ?2 WHERE program_id = ?1 AND used_seq < ?2"
      ).bind(.integer(row), .number(number)).run()
    }
    for (row, number) in usedLogins {
      try connection.prepare("UPDATE login SET used_seq = ?2 WHERE login_id = ?1 AND used_seq < ?2")
        .bind(.integer(row), .number(number)).run()
    }
    usedPrograms.removeAll()
    usedLogins.removeAll()
  }

  /// Returns the row of a program, and inserts it if there is none; nil if nothing is known of the program.
  func row(_ program: Program?) throws(SQLiteError) -> Int64? {
    guard let program, program != .unknown else { return nil }
    if let known = programs[program] { return known }
    let executable = program.executable.map { SystemText.escaped($0) }
    let line = program.commandLine.map { SystemText.escaped(commandLine: $0) }
    let truncated =
      program.truncated.isEmpty ? Value.null : .integer(program.truncated.rawValue)
    let digest = Value.integer(try self.digest(executable ?? "", line ?? ""))
    let found = try connection.prepare(
      """
      SELECT program_id FROM program
      WHERE digest = ? AND executable IS ? AND command_line IS ? AND truncated IS ?
      """
    ).bind(digest, .optional(executable), .optional(line), truncated).first { $0.integer(0) }
    let row: Int64
    if let found {
      row = found
    } else {
      try connection.prepare(
        """
        INSERT INTO program (executable, command_line, truncated, digest, used_seq)
        VALUES (?, ?, ?, ?, ?)
        """
      ).bind(.optional(executable), .optional(line), truncated, digest, .number(number)).run()
      row = connection.lastInsertedRowID
    }
    programs[program] = row
    return row
  }

  /// Returns the row of a login, and inserts it if there is none; nil if nothing is known of the login.
  func row(_ login: Login?) throws(SQLiteError) -> Int64? {
    guard let login, login != Login(uid: nil, session: nil, terminal: nil) else { return nil }
    if let known = logins[login] { return known }
    let uid = Value.optional(login.uid.map { $0 == Login.unset ? -1 : Int64($0) })
    let session = Value.optional(login.session.map(Int64.init))
    let terminal = Value.optional(login.terminalName)
    let found = try connection.prepare(
      "SELECT login_id FROM login WHERE sid IS ? AND login_uid IS ? AND tty IS ?"
    ).bind(session, uid, terminal).first { $0.integer(0) }
    let row: Int64
    if let found {
      row = found
    } else {
      try connection.prepare(
        "INSERT INTO login (login_uid, sid, tty, used_seq) VALUES (?, ?, ?, ?)"
      ).bind(uid, session, terminal, .number(number)).run()
      row = connection.lastInsertedRowID
    }
    logins[login] = row
    return row
  }

  /// Returns the hash by which the file finds a program: FNV-1a. Its seed is the UUID of the history, which users do
  /// not know: else a user could make many programs of one hash, among which each search would take long.
  private func digest(_ executable: String, _ line: String) throws(SQLiteError) -> Int64 {
    func mixed(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let start: UInt64
    if let seed {
      start = seed
    } else {
      let uuid =
        try connection.prepare("SELECT uuid FROM history").first { $0.text(0) } ?? ""
      start = uuid.utf8.reduce(0xcbf2_9ce4_8422_2325, mixed)
      seed = start
    }
    var hash = executable.utf8.reduce(start, mixed)
    hash = line.utf8.reduce(mixed(hash, 0), mixed)
    return Int64(bitPattern: hash ^ (hash >> 32))
  }
}
