internal import ArgumentParser
internal import Containers
internal import Glibc
internal import NSHistory
internal import NSRecorder
internal import NamespaceEvents
internal import Procfs
internal import SystemPackage

/// The exit statuses of the program: those of a verdict, and those of sysexits(3).
enum ExitStatus {
  static let different: Int32 = 1
  static let never: Int32 = 1
  static let unknown: Int32 = 2
  /// The exit status of `doctor` if a check found something broken.
  static let broken: Int32 = 1
  static let data: Int32 = 65
  static let noInput: Int32 = 66
  /// `EX_OSFILE`: no proc filesystem is mounted that the program can read.
  static let noProc: Int32 = 72
  static let cannotCreate: Int32 = 73
  static let inputOutput: Int32 = 74
  static let temporary: Int32 = 75
  static let noPermission: Int32 = 77

  /// Returns the exit status for a verdict of `same`.
  static func of(_ verdict: Verdict) -> ExitCode {
    switch verdict {
    case .same: .success
    case .different: ExitCode(different)
    case .unknown: ExitCode(unknown)
    }
  }

  /// Returns the exit status for a verdict of `shared`.
  static func of(_ verdict: SharedVerdict) -> ExitCode {
    switch verdict {
    case .shared: .success
    case .never: ExitCode(never)
    case .unknown: ExitCode(unknown)
    }
  }

  /// Prints an error in one line on standard error, and ends the program.
  ///
  /// - Parameter command: the command that failed; nil if the arguments were not parsed.
  static func leave(
    for error: any Error, of command: (any ParsableCommand.Type)?, _ messages: Messages
  ) -> Never {
    func fail(_ message: String, _ status: Int32) -> Never { end(message, status, messages) }
    switch error {
    case let error as HistoryError: fail(error.description, of(error.kind))
    case let error as UnknownNameError:
      fail(error.description, error.unknown.mayBeExpired ? unknown : noInput)
    case let error as OutputError: fail(error.description, error.status)
    case let error as ProcfsError: fail(error.description, of(error))
    case RecorderError.procfs(let error): fail(error.description, of(error))
    case RecorderError.history(let error): fail(error.description, of(error.kind))
    case RecorderError.events(let error):
      fail(error.description, error.isRefusal ? noPermission : inputOutput)
    case RecorderError.containerNames(let error):
      fail(error.description, error.cause == .noSuchFileOrDirectory ? noInput : inputOutput)
    case let error as RecorderError: fail(error.description, inputOutput)
    case let error as ExitCode: exit(error.rawValue)
    default: leave(forArguments: error, of: command, messages)
    }
  }

  /// Prints a requested help or version text in full, and a mistake in the arguments as one line; then ends the
  /// program.
  private static func leave(
    forArguments error: any Error, of command: (any ParsableCommand.Type)?, _ messages: Messages
  ) -> Never {
    let status = NSHist.exitCode(for: error)
    guard status.rawValue != 0 else { NSHist.exit(withError: error) }
    let message = NSHist.message(for: error)
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    let help = command.flatMap(NSHist.words).map { "\($0) --help" } ?? helpCommand(for: error)
    end("\(line) (see \(help)\(EnvironmentOptions.text))", status.rawValue, messages)
  }

  /// Returns the command that prints the help, which the parser quotes in the last line of its message.
  private static func helpCommand(for error: any Error) -> String {
    let lastLine = NSHist.fullMessage(for: error).split(whereSeparator: \.isNewline).last ?? ""
    let quoted = lastLine.split(separator: "'", omittingEmptySubsequences: false)
    return quoted.count == 3 ? String(quoted[1]) : "nshist --help"
  }

  private static func of(_ error: ProcfsError) -> Int32 {
    error.isOfMissingProc ? noProc : inputOutput
  }

  private static func of(_ kind: HistoryError.Kind) -> Int32 {
    switch kind {
    case .missing: noInput
    case .notAHistory, .newer, .outsideSlice: data
    case .cannotCreate: cannotCreate
    case .inputOutput: inputOutput
    case .busy: temporary
    case .denied: noPermission
    }
  }

  private static func end(_ message: String, _ status: Int32, _ messages: Messages) -> Never {
    messages.say(message, .error)
    exit(status)
  }
}
