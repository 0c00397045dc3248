package import NamespaceModel
internal import SQLite

/// The program of a process as the history records it: see `program` in `Migrations`.
///
/// Every process of an answer refers to one. As an object it is copied by its address, not value by value.
package final class RecordedProgram: Sendable {
  /// The path of its executable, escaped; nil if it could not be read.
  package let executable: String?
  /// Its command line, escaped, with a blank between two arguments; nil if it could not be read, or was not to be
  /// recorded.
  package let commandLine: String?
  /// Whether `commandLine` is only the beginning.
  package let isTruncated: Bool
  /// Whether the program is that of the parent at the start of the process, which has executed none since.
  package let isInherited: Bool
  /// The exec or the sample with which the program was read; nil if it is inherited, or if retention removed that.
  let number: SequenceNumber?
  /// When and how the program was read; nil as for `number`, and where an answer does not determine it.
  package let reading: Reading?

  /// The reading of a program.
  package struct Reading: Sendable, Hashable {
    /// The time of the exec, or the beginning of the sample.
    package let time: WallTime
    /// Whether the program was read right after its exec, which an event reported. If false, a sample read it, and the
    /// process may have executed it at any time before.
    package let isAfterExec: Bool
  }

  /// The evidence for the program. The raw value is the word in every output.
  package enum Source: String, Sendable, Hashable, CaseIterable {
    /// The program was read right after its exec, which an event reported.
    case exec
    /// The process has the program of its parent, and no event reported an exec since its start.
    case inherited
    /// A sample read the program.
    case sample
  }

  /// The evidence for the program; nil if retention removed the event or sample with which it was read.
  package var source: Source? {
    isInherited ? .inherited : reading.map { $0.isAfterExec ? .exec : .sample }
  }

  /// The columns of a program and a login, for a query with `joins`.
  static let columns = """
    program.executable, program.command_line, program.truncated, login.login_uid, login.sid, login.tty
    """

  /// Returns the joins of a table with the columns `program_id` and `login_id`.
  static func joins(_ table: String) -> String {
    """
    LEFT JOIN program ON program.program_id = \(table).program_id
    LEFT JOIN login ON login.login_id = \(table).login_id
    """
  }

  /// Creates the program of a row whose `columns` begin at `first`; nil if nothing is known of it.
  init?(_ row: Statement, from first: Int32, isInherited: Bool, number: SequenceNumber?) {
    // A recorder writes escaped text, but the file may have been edited.
    executable = row.optionalText(first).map(SystemText.sanitized)
    commandLine = row.optionalText(first + 1).map(SystemText.sanitized)
    guard executable != nil || commandLine != nil else { return nil }
    isTruncated =
      Program.TruncatedParts(rawValue: row.optionalInteger(first + 2) ?? 0).contains(.commandLine)
    self.isInherited = isInherited
    self.number = isInherited ? nil : number
    reading = nil
  }

  /// Creates a copy of a program, with the time of its reading.
  init(_ program: RecordedProgram, read reading: Reading) {
    executable = program.executable
    commandLine = program.commandLine
    isTruncated = program.isTruncated
    isInherited = program.isInherited
    number = program.number
    self.reading = reading
  }
}

extension RecordedProgram: Hashable {
  package static func == (one: RecordedProgram, other: RecordedProgram) -> Bool {
    one === other
      || one.executable == other.executable && one.commandLine == other.commandLine
        && one.isTruncated == other.isTruncated && one.isInherited == other.isInherited
        && one.number == other.number && one.reading == other.reading
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(executable)
    hasher.combine(commandLine)
  }
}

/// The login, the session and the terminal of a process as the history records them: see `login` in `Migrations`. An
/// object, for the same reason as a program.
package final class RecordedLogin: Sendable {
  /// The user id with which somebody logged in; -1 if the process belongs to no login, nil if it could not be read.
  package let uid: Int64?
  /// The session id; nil if it could not be read.
  package let session: Int64?
  /// The controlling terminal, as below `/dev`; empty for none, nil if it is not known.
  package let terminal: String?
  /// Whether these values are the parent's, or those from before the last exec, because the process's own were not
  /// read.
  package let isInherited: Bool

  /// Creates the login of a row whose `RecordedProgram.columns` begin at `first`; nil if nothing is known of it.
  init?(_ row: Statement, from first: Int32, isInherited: Bool) {
    uid = row.optionalInteger(first + 3)
    session = row.optionalInteger(first + 4)
    terminal = row.optionalText(first + 5).map(SystemText.sanitized)
    guard uid != nil || session != nil || terminal != nil else { return nil }
    self.isInherited = isInherited
  }
}

extension RecordedLogin: Hashable {
  package static func == (one: RecordedLogin, other: RecordedLogin) -> Bool {
    one === other
      || one.uid == other.uid && one.session == other.session && one.terminal == other.terminal
        && one.isInherited == other.isInherited
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(uid)
    hasher.combine(session)
  }
}
