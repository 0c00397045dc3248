// A row of a JSON answer, with accessors for tests.

import NamespaceModel
import Foundation

struct Row: CustomStringConvertible {
  let values: [String: Any]

  subscript(key: String) -> String? { values[key] as? String }
  func number(_ key: String) -> Int? { values[key] as? Int }
  func flag(_ key: String) -> Bool? { values[key] as? Bool }
  func row(_ key: String) -> Row? { (values[key] as? [String: Any]).map(Row.init) }
  func rows(_ key: String) -> [Row] { (values[key] as? [[String: Any]] ?? []).map(Row.init) }
  func texts(_ key: String) -> [String] { values[key] as? [String] ?? [] }

  /// Returns a time.
  func time(_ key: String) -> WallTime? {
    guard let text = self[key], let dot = text.firstIndex(of: "."),
      let date = ISO8601DateFormatter().date(from: text.prefix(upTo: dot) + "Z"),
      let fraction = Int64(text[text.index(after: dot)...].prefix { $0.isNumber })
    else { return nil }
    return WallTime(nanoseconds: Int64(date.timeIntervalSince1970) * 1_000_000_000 + fraction)
  }

  var pid: Int? { number("pid") }
  /// The PID and the start of the process. Another test may have the kernel give a PID a second time within a second.
  var process: String { "\(pid ?? 0) since \(self["start"] ?? "unknown")" }
  var description: String { "\(values)" }
}
