internal import NSHistory
internal import NamespaceModel

extension Comparison {
  /// The comparison as CSV: one record for each interval of a type; one for each namespace if the type has no
  /// interval.
  var csv: String {
    let header = [
      "type", "verdict", "evidence", "reason", "reason_pids", "differed_at_times", "inode", "id",
      "initial", "pids", "from", "until", "open",
    ]
    return ([header] + types.flatMap(rows)).map(DelimitedText.csv).joined()
  }

  private func rows(_ line: TypeLine) -> [[String]] {
    let head = [
      line.type.name, line.verdict.rawValue, line.evidence.rawValue, line.reason?.rawValue ?? "",
      Self.list(line.reasons.filter { $0.reason == line.reason }.map(\.number)),
      String(line.differedAtTimes),
    ]
    if !line.intervals.isEmpty {
      return line.intervals.map { interval in
        head + fields(interval.place) + [
          TimeFormat.utc(interval.from), TimeFormat.utc(interval.until),
          String(interval.isOpen),
        ]
      }
    }
    let places = line.places.isEmpty ? [["", "", "", ""]] : line.places.map(fields)
    return places.map { head + $0 + ["", "", ""] }
  }

  private func fields(_ place: Place) -> [String] {
    [
      String(place.inode), place.kernelID.map(String.init) ?? "",
      place.isInitial.map(String.init) ?? "", Self.list(numbers(of: place)),
    ]
  }

  private static func list(_ numbers: [TaskNumber]) -> String {
    numbers.map(\.description).joined(separator: " ")
  }
}
