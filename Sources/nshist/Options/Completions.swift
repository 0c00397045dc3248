internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// A question whose answer has columns that the user selects by name.
protocol ListingCommand: QuestionCommand {
  static var columnNames: [String] { get }
}

/// Completes types, columns, containers and processes for a shell. After an error it offers no words and prints no
/// message, since the shell would take that for words.
enum Completions {
  static let types = CompletionKind.list(NamespaceType.allCases.map(\.name))
  static let columns = CompletionKind.custom { words, index, prefix in
    columns(words, word(words, index, prefix))
  }
  static let sortColumn = CompletionKind.custom { words, index, prefix in
    sortColumns(words, word(words, index, prefix))
  }
  static let container = CompletionKind.custom { words, _, _ in containers(words) }
  static let process = CompletionKind.custom { words, index, prefix in
    processes(words, index, word(words, index, prefix))
  }

  /// Returns the word to complete. The parser takes the prefix from the last word, also if another is completed.
  private static func word(_ words: [String], _ index: Int, _ prefix: String) -> String {
    words.indices.dropLast().contains(index) ? words[index] : prefix
  }

  /// Returns the names of the columns of the question that the words name. In a list with commas, the columns that were
  /// typed already stand before each.
  private static func columns(_ words: [String], _ prefix: String) -> [String] {
    let first = prefix.lastIndex(of: ",").map { String(prefix[...$0]) } ?? ""
    return names(words).map { first + $0 }
  }

  private static func sortColumns(_ words: [String], _ prefix: String) -> [String] {
    names(words).map { prefix.hasPrefix("-") ? "-\($0)" : $0 }
  }

  private static func names(_ words: [String]) -> [String] {
    let questions = Query.configuration.subcommands
    let command = words.lazy.compactMap { word in
      questions.first { NSHist.name(of: $0) == word } as? any ListingCommand.Type
    }.first
    return command?.columnNames ?? []
  }

  private static func containers(_ words: [String]) -> [String] {
    withReader(words) { reader throws(HistoryError) in try reader.containerNames() }
  }

  /// Returns the selectors by name. bash takes a colon for the end of a word, and completes what follows it alone.
  private static func processes(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    let before = words.prefix(index + 1).suffix(3)
    let kinds = ["container", "comm"]
    for kind in kinds {
      let isBroken =
        before.suffix(2) == [kind, ":"] || (before.count == 3 && before.prefix(2) == [kind, ":"])
      guard isBroken || prefix.hasPrefix("\(kind):") else { continue }
      let start =
        isBroken ? (prefix == ":" ? "" : prefix) : String(prefix.dropFirst(kind.count + 1))
      let names = withReader(words) { reader throws(HistoryError) in
        kind == "comm"
          ? try reader.names(beginningWith: start) : try reader.containerNames()
      }
      return isBroken ? names : names.map { "\(kind):\($0)" }
    }
    return kinds.map { "\($0):" }
  }

  /// Asks the history that the words name, or the usual one.
  private static func withReader(
    _ words: [String], _ body: (HistoryReader) throws(HistoryError) -> [String]
  ) -> [String] {
    do {
      return try body(HistoryReader(path: path(words)))
    } catch {
      // The shell shows what a completion prints as words, so no message is printed.
      return []
    }
  }

  private static func path(_ words: [String]) throws -> String {
    var given: String?
    if let name = words.lastIndex(of: "--db"), words.indices.contains(name + 1) {
      given = words[name + 1]
    } else if let joined = words.last(where: { $0.hasPrefix("--db=") }) {
      given = String(joined.dropFirst("--db=".count))
    }
    // The shell has not expanded the word yet.
    if let text = given, text.hasPrefix("~/"), let home = Environment.variable("HOME") {
      given = home + text.dropFirst()
    }
    return try DatabaseOption.parse(given.map { ["--db", $0] } ?? []).path()
  }
}
