internal import Foundation
internal import Glibc

/// A running program: the built `nshist` or another one, started as a user starts it.
public final class Command {
  /// The exit status and the output of a program that has ended.
  public struct Outcome: Sendable {
    /// The exit status, or 128 plus the number of the signal that ended the program.
    public let status: Int32
    /// The text that the program wrote to standard output.
    public let output: String
    /// The text that the program wrote to standard error.
    public let messages: String

    /// An outcome with these values.
    public init(status: Int32, output: String, messages: String) {
      self.status = status
      self.output = output
      self.messages = messages
    }
  }

  private let process = Process()
  private let output = Pipe()
  private let messages: FileHandle
  private let messagesPath: String

  /// The PID while the program runs.
  public var pid: Int32 { process.processIdentifier }

  /// The `nshist` that was built beside the tests.
  public static var nshist: String {
    // The test bundle and the program are in one folder.
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return folder.appendingPathComponent("nshist").path
  }

  /// Starts a program. Until `wait`, its standard output is not read, so it blocks when it writes more than a pipe
  /// holds.
  public convenience init(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws {
    try self.init(starting: path, arguments, environment)
    try ProcessOwner.ownProcess(self)
  }

  private init(
    starting path: String, _ arguments: [String], _ environment: [String: String]
  ) throws {
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    var all = ProcessInfo.processInfo.environment
    all["NSHIST_DB"] = nil
    all.merge(environment) { $1 }
    process.environment = all
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    messagesPath = NSTemporaryDirectory() + "nshist-messages-\(UUID().uuidString)"
    try Data().write(to: URL(fileURLWithPath: messagesPath))
    messages = try FileHandle(forUpdating: URL(fileURLWithPath: messagesPath))
    process.standardError = messages
    try process.run()
  }

  deinit {
    if process.isRunning { Glibc.kill(pid, SIGKILL) }
    try? FileManager.default.removeItem(atPath: messagesPath)
  }

  /// Whether the program has not ended yet.
  public var isRunning: Bool { process.isRunning }

  /// Sends a signal to the program.
  public func signal(_ number: Int32) { Glibc.kill(pid, number) }

  /// The text that the program has written to standard error so far.
  public func messagesSoFar() throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: messagesPath)), as: UTF8.self)
  }

  /// Reads standard output to its end and waits until the program has ended.
  public func wait() throws -> Outcome {
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    ProcessOwner.drop(self)
    let status =
      process.terminationReason == .exit
      ? process.terminationStatus : 128 + process.terminationStatus
    return Outcome(
      status: status, output: String(decoding: data, as: UTF8.self),
      messages: try messagesSoFar())
  }

  /// Starts a program that sleeps in the innermost of some nested pid namespaces. The running program is that of the
  /// outermost unshare(1); its end ends the others.
  public static func sleep(inNestedPIDNamespaces levels: Int) throws -> Command {
    let unshare = Array(
      repeating: ["/usr/bin/unshare", "--pid", "--fork", "--kill-child"], count: levels)
    let words = unshare.flatMap(\.self) + ["/bin/sleep", "1000"]
    return try Command(words[0], Array(words.dropFirst()))
  }

  /// Runs a program to its end.
  public static func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Outcome {
    try Command(starting: path, arguments, environment).wait()
  }

  /// Runs `nshist` to its end.
  public static func nshist(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> Outcome {
    try run(nshist, arguments, environment: environment)
  }
}
