/// The program that a process runs: its executable file and its command line, as read in `/proc` at one time. An exec
/// changes both. A process may also rewrite its own command line (`setproctitle(3)`), and a new process has the program
/// of its parent until it executes one itself. Raw bytes: any may occur.
package struct Program: Sendable, Hashable {
  /// The path that `/proc/PID/exe` leads to (`proc_pid_exe(5)`), at most `limit` bytes of it; nil if it could not be
  /// read, or if nothing is known.
  package var executable: [UInt8]?
  /// The arguments, with a NUL between each two (`proc_pid_cmdline(5)`), at most `limit` bytes of them; nil if they
  /// could not be read, or are not to be recorded.
  package var commandLine: [UInt8]?
  /// The parts of which only the beginning is known.
  package var truncated: TruncatedParts

  /// A program with these parts.
  package init(
    executable: [UInt8]?, commandLine: [UInt8]?, truncated: TruncatedParts = []
  ) {
    self.executable = executable
    self.commandLine = commandLine
    self.truncated = truncated
  }

  /// The greatest length of each part, in bytes.
  package static let limit = 512

  /// The value for a process that has executed a program of which nothing could be read.
  package static let unknown = Program(executable: nil, commandLine: nil)

  /// The parts of a program that were longer than `limit`.
  package struct TruncatedParts: OptionSet, Sendable, Hashable {
    /// The bits, which are the same in a history file.
    package let rawValue: Int64

    /// The parts with these bits.
    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// The command line.
    package static let commandLine = TruncatedParts(rawValue: 1)
    /// The path of the executable.
    package static let executable = TruncatedParts(rawValue: 2)
  }
}

/// The login to which a process belongs, its session and its terminal. A new process has those of its parent. No event
/// reports a change.
package struct Login: Sendable, Hashable {
  /// The user id with which somebody logged in (`/proc/PID/loginuid` of `proc(5)`), in the recorder's user namespace;
  /// `unset` if the process belongs to no login, nil if it could not be read.
  package var uid: UInt32?
  /// The session id (`setsid(2)`): the PID of the session's leader, or 0 for a session of an outer pid namespace. Nil
  /// if it could not be read.
  package var session: Int32?
  /// The device number of the controlling terminal (`tty_nr` of `proc_pid_stat(5)`); 0 for none, nil if it could not be
  /// read.
  package var terminal: Int32?

  /// A login with these values.
  package init(uid: UInt32?, session: Int32?, terminal: Int32?) {
    self.uid = uid
    self.session = session
    self.terminal = terminal
  }

  /// The login uid of a process that belongs to no login: `AUDIT_UID_UNSET` of the kernel's `linux/audit.h`.
  package static let unset = UInt32.max

  /// The name of the terminal below `/dev`; the device number as `MAJOR:MINOR` for a terminal without a usual name, an
  /// empty text for none, nil if it is not known. The encoding of the number is `new_encode_dev` of the kernel's
  /// `linux/kdev_t.h`, and the numbers are those of `Documentation/admin-guide/devices.txt`.
  package var terminalName: String? {
    guard let terminal else { return nil }
    guard terminal != 0 else { return "" }
    let device = UInt32(bitPattern: terminal)
    let major = (device >> 8) & 0xFFF
    let minor = (device & 0xFF) | ((device >> 12) & 0xF_FF00)
    return switch major {
    case 4 where minor < 64: "tty\(minor)"
    case 4: "ttyS\(minor - 64)"
    case 5 where minor == 1: "console"
    case 136...143: "pts/\((major - 136) * 256 + minor)"
    case 229: "hvc\(minor)"
    default: "\(major):\(minor)"
    }
  }
}
