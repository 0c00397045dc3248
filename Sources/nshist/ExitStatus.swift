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
  static let usage: Int32 = 64
  static let data: Int32 = 65
  static let noInput: Int32 = 66
  /// `EX_UNAVAILABLE`: a server cannot be reached.
  static let unavailable: Int32 = 69
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

  /// Prints an error in one line on standard error, and returns the exit status of the program.
  ///
  /// - Parameter command: the command that failed; nil if the arguments were not parsed.
  static func report(
    _ error: any Error, of command: (any ParsableCommand.Type)?, on console: Console
  ) -> Int32 {
    func fail(_ message: String, _ status: Int32) -> Int32 {
      console.messages.say(message, .error)
      return status
    }
    switch error {
    case let error as HistoryError: return fail(error.description, of(error.kind))
    case let error as UnknownNameError:
      return fail(error.description, error.unknown.mayBeExpired ? unknown : noInput)
    case let error as FleetFailure: return fail(error.text, error.status)
    case let error as OutputError: return fail(error.description, error.status)
    case let error as ProcfsError: return fail(error.description, of(error))
    case RecorderError.procfs(let error): return fail(error.description, of(error))
    case RecorderError.history(let error): return fail(error.description, of(error.kind))
    case RecorderError.events(let error):
      return fail(error.description, error.isRefusal ? noPermission : inputOutput)
    case RecorderError.sourceRefused(_, let isPermission),
      RecorderError.eventsRefused(_, let isPermission):
      return fail("\(error)", isPermission ? noPermission : inputOutput)
    case RecorderError.containerNames(let error):
      return fail(error.description, error.cause == .noSuchFileOrDirectory ? noInput : inputOutput)
    case let error as RecorderError: return fail(error.description, inputOutput)
    case let error as ExitCode: return error.rawValue
    default:
      let status = NSHist.exitCode(for: error).rawValue
      return status == 0 ? printHelp(error, on: console) : fail(mistake(error, of: command), status)
    }
  }

  /// Prints a requested help or version text in full, and returns the exit status.
  private static func printHelp(_ request: any Error, on console: Console) -> Int32 {
    do throws(OutputError) {
      let output = OutputFile(descriptor: console.output)
      try output.write(NSHist.fullMessage(for: request) + "\n")
      try output.finish()
      return 0
    } catch { return report(error, of: nil, on: console) }
  }

  /// Returns a mistake in the arguments as one line.
  private static func mistake(
    _ error: any Error, of command: (any ParsableCommand.Type)?
  ) -> String {
    let message = NSHist.message(for: error)
    let whole = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    let line =
      UnknownOption(message: whole, helpCommand: helpCommand(for: error))?.text ?? whole
    let help = command.flatMap(NSHist.words).map { "\($0) --help" } ?? helpCommand(for: error)
    return "\(line) (see \(help)\(EnvironmentOptions.text))"
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
}

/// An option that a command does not have. The parser suggests the option with the least edit distance, which for a
/// short option is any other short one.
struct UnknownOption {
  private let option: String
  /// The words of the command.
  private let words: [String]
  private let known: [String]

  /// - Parameters:
  ///   - message: the parser's message, with its suggestion.
  ///   - helpCommand: the command that prints the help: `nshist query history --help`.
  init?(message: String, helpCommand: String) {
    let quoted = message.split(separator: "'", omittingEmptySubsequences: false)
    guard message.hasPrefix("Unknown option '"), quoted.count > 2 else { return nil }
    option = String(quoted[1])
    words = helpCommand.split(separator: " ").map(String.init).filter { !$0.hasPrefix("-") }
    var command: any ParsableCommand.Type = NSHist.self
    for word in words.dropFirst() {
      guard
        let next = command.configuration.subcommands.first(where: { NSHist.name(of: $0) == word })
      else { return nil }
      command = next
    }
    let help = NSHist.helpMessage(for: command, columns: 10_000)
    known =
      help.split(whereSeparator: { !($0.isLetter || $0 == "-") }).map(String.init)
      .filter { $0.hasPrefix("--") }.uniqued
  }

  /// The message: what to use instead, if anything is near in meaning or in writing.
  var text: String {
    "Unknown option '\(SystemText.sanitized(option))'" + (remedy.map { "; \($0)" } ?? "")
  }

  private var remedy: String? {
    let command = words.joined(separator: " ")
    if option == "--at", known.contains("--since") {
      return """
        '\(command)' is about a range: --since TIME --until TIME; what was at one moment, nshist query processes --at \
        TIME shows
        """
    }
    if ["--since", "--until"].contains(option), known.contains("--at") {
      return "'\(command)' is about one moment: --at TIME"
    }
    // Suggests the option that begins like this, or one of which a third of the letters is mistaken at most.
    let begun = known.filter { $0.hasPrefix(option) && option.count > 3 }
    let letters = option.drop { $0 == "-" }.count
    let near = UnknownName.nearest(option, known).filter {
      UnknownName.distance(option, $0) <= max(1, letters / 3)
    }
    return (begun.count == 1 ? begun : near).first.map { "did you mean '\($0)'?" }
  }
}
