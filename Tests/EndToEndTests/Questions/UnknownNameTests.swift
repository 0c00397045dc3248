// A name that a history does not have is an error in every question, since an empty answer would be taken for "was in
// none".

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct UnknownNameTests {
  private let recording: Recording

  init() throws {
    recording = try Recording()
    try recording.record()
  }

  static let questions = [
    "query same comm:NAME 10", "query same container:NAME 10", "query same 10 20 --in NAME",
    "query shared comm:NAME host", "query shared container:NAME 10",
    "query shared net@comm:NAME 10",
    "query history comm:NAME", "query history container:NAME", "query history 1 --in NAME",
    "query members net@comm:NAME", "query members net@container:NAME",
    "query peers comm:NAME", "query peers container:NAME", "query peers 1 --in NAME",
    "query changes --pid comm:NAME", "query changes --pid container:NAME",
    "query changes --container NAME", "query changes --namespace net@container:NAME",
    "query changes --pid 1 --in NAME",
    "query namespaces --container NAME",
    "query processes --comm NAME", "query processes --container NAME",
    "query processes --pid comm:NAME", "query processes --namespace net@comm:NAME",
    "query processes --pid 1 --in NAME",
    "timeline comm:NAME", "timeline container:NAME", "timeline 1 --in NAME",
    "export --container NAME", "export --pid comm:NAME", "export --pid container:NAME",
  ]

  @Test(arguments: questions)
  func isAnError(_ question: String) throws {
    let words = question.replacing("NAME", with: "nobody").split(separator: " ").map(String.init)
    let outcome = try Command.run(Command.nshist, words + ["--db", recording.path])
    #expect(outcome.status == 66, "\(outcome.output) \(outcome.messages)")
    #expect(outcome.output.isEmpty, "\(outcome.output)")
    #expect(outcome.messages.contains("'nobody' is in"), "\(outcome.messages)")
    // For names of processes the message suggests the nearest ones.
    if question.contains("comm") {
      #expect(outcome.messages.contains("the nearest are"), "\(outcome.messages)")
    }
  }
}
