import Foundation
import Glibc
import TestSupport

@testable import nshist

/// The command inside of the test process. It takes a fourth of the time of a program that is started, and a trap in it
/// ends the tests.
enum CommandInProcess {
  /// Runs `nshist` with arguments, to its end.
  static func run(_ arguments: [String]) throws -> Command.Outcome {
    try outcome { NSHist.run(arguments, on: $0) }
  }

  /// Runs a command that was parsed, to its end.
  static func run(_ command: any ConsoleCommand) throws -> Command.Outcome {
    try outcome { NSHist.run(command, on: $0) }
  }

  private static func outcome(_ run: (Console) -> Int32) throws -> Command.Outcome {
    let output = try UnnamedFile()
    let messages = try UnnamedFile()
    let status = run(Console(output: output.descriptor, messages: messages.descriptor))
    return Command.Outcome(
      status: status, output: try output.text(), messages: try messages.text())
  }

  /// A file without a name (tmpfile(3)).
  private final class UnnamedFile {
    private let stream: UnsafeMutablePointer<FILE>

    var descriptor: Int32 { fileno(stream) }

    init() throws {
      guard let stream = tmpfile() else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
      self.stream = stream
    }

    deinit { fclose(stream) }

    func text() throws -> String {
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
      try file.seek(toOffset: 0)
      return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }
  }
}

/// Commands inside of the test process that are run many times with the same arguments. Each is parsed once, because
/// the argument parser checks its own definitions at each parse in a debug build, which takes longer than most answers.
final class ParsedCommands {
  private var known: [[String]: any ConsoleCommand] = [:]

  /// Runs `nshist` with arguments, to its end.
  func run(_ arguments: [String]) throws -> Command.Outcome {
    if let command = known[arguments] { return try CommandInProcess.run(command) }
    // A command that cannot be parsed is run all the same, for its error.
    known[arguments] = (try? NSHist.parse(arguments)) as? any ConsoleCommand
    return try CommandInProcess.run(arguments)
  }
}
