internal import ArgumentParser

/// How an answer is printed.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, csv
}

/// How rows are printed.
enum RowFormat: String, ExpressibleByArgument, CaseIterable {
  case csv, tsv, json, ndjson
}
