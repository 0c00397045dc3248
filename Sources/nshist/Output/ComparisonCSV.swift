internal import NSHistory
internal import NamespaceModel

extension Comparison {
  /// A record a type and interval, or namespace where there is no interval.
  var csv: String {
    var text = DelimitedText.csv([
      "type", "verdict", "evidence", "reason", "inode", "id", "initial", "pids", "from", "until",
      "open",
    ])
    for line in types {
      for row in line.rows { text += DelimitedText.csv(row) }
    }
    return text
  }
}

extension Comparison.TypeLine {
  fileprivate var rows: [[String]] {
    let head = [type.name, verdict.rawValue, evidence.rawValue, reason?.rawValue ?? ""]
    if !intervals.isEmpty {
      return intervals.map { interval in
        let place = places.first {
          $0.inode == interval.inode && $0.kernelID == interval.kernelID
        }
        return head + (place?.fields ?? Comparison.Place.noFields) + [
          TimeFormat.utc(interval.from), TimeFormat.utc(interval.until),
          interval.isOpen ? "true" : "false",
        ]
      }
    }
    let all = places.isEmpty ? [Comparison.Place.noFields] : places.map(\.fields)
    return all.map { head + $0 + ["", "", ""] }
  }
}

extension Comparison.Place {
  fileprivate static let noFields = ["", "", "", ""]

  fileprivate var fields: [String] {
    [
      String(inode), kernelID.map(String.init) ?? "", isInitial.map(String.init) ?? "",
      pids.map(String.init).joined(separator: " "),
    ]
  }
}
