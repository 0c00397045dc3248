internal import NSHistory

extension Comparison {
  /// Prints the comparison on standard output.
  func print(_ format: AnswerFormat, utc: Bool, _ console: Console) throws(OutputError) {
    let output = try Output(console)
    switch format {
    case .table:
      let text = ComparisonText(
        comparison: self, zone: utc ? .utc : .local, colours: console.colours)
      try output.write(text.text)
    case .json: try output.write(json.pretty + "\n")
    case .csv: try output.write(csv)
    }
    try output.finish()
  }
}
