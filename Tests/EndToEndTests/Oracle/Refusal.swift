// Checks of refusals: one line that starts with the program's name, a status, and no output.

import Foundation
import TestSupport
import Testing

/// Expects one line on standard error, nothing on standard output, and this status.
func expectRefusal(
  _ outcome: Command.Outcome, _ status: Int32, saying words: String = "",
  at location: SourceLocation = #_sourceLocation
) {
  #expect(outcome.status == status, "\(outcome.messages)", sourceLocation: location)
  #expect(outcome.output == "", sourceLocation: location)
  expectOneLine(outcome.messages, saying: words, at: location)
}

/// Expects one complete line of `nshist` that contains these words.
func expectOneLine(
  _ messages: String, saying words: String = "", at location: SourceLocation = #_sourceLocation
) {
  #expect(messages.hasPrefix("nshist: "), "\(messages)", sourceLocation: location)
  #expect(messages.hasSuffix("\n"), sourceLocation: location)
  #expect(messages.filter(\.isNewline).count == 1, "\(messages)", sourceLocation: location)
  #expect(words.isEmpty || messages.contains(words), "\(messages)", sourceLocation: location)
}

/// Returns the files of a folder: each name with the bytes of the file.
func contents(of folder: String) throws -> [String: Data] {
  let names = try FileManager.default.contentsOfDirectory(atPath: folder)
  return try names.reduce(into: [:]) { files, name in
    files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
  }
}

/// Returns the text of a file.
func fileText(_ path: String) throws -> String {
  String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
}
