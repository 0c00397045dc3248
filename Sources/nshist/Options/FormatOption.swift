internal import ArgumentParser

/// The output format of an answer.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, csv
}

/// The output format of an export.
enum RowFormat: String, ExpressibleByArgument, CaseIterable {
  case csv, tsv, json, ndjson
}
