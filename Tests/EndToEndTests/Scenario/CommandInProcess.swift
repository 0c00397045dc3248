import Foundation
import Glibc
import TestSupport

@testable import nshist

/// The command inside of the test process. It takes a fourth of the time of a program that is started, and a trap in it
/// ends the tests.
enum CommandInProcess {
  /// Runs `nshist` with arguments, to its end.
  static func run(_ arguments: [String]) throws -> Command.Outcome {
    let output = try UnnamedFile()
    let messages = try UnnamedFile()
    let status = NSHist.run(
      arguments, on: Console(output: output.descriptor, messages: messages.descriptor))
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
