// What every refusal has in common: one line that says who speaks, a status, and no data.

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

/// Expects one whole line of `nshist`, with these words in it.
func expectOneLine(
  _ messages: String, saying words: String = "", at location: SourceLocation = #_sourceLocation
) {
  #expect(messages.hasPrefix("nshist: "), "\(messages)", sourceLocation: location)
  #expect(messages.hasSuffix("\n"), sourceLocation: location)
  #expect(messages.filter(\.isNewline).count == 1, "\(messages)", sourceLocation: location)
  #expect(words.isEmpty || messages.contains(words), "\(messages)", sourceLocation: location)
}

/// What a folder holds: each name, and the bytes of the file.
func contents(of folder: String) throws -> [String: Data] {
  let names = try FileManager.default.contentsOfDirectory(atPath: folder)
  return try names.reduce(into: [:]) { files, name in
    files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
  }
}

/// The text of a file.
func fileText(_ path: String) throws -> String {
  String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
}
