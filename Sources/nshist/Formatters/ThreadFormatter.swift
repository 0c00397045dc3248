internal import NSHistory

extension TaskNumber {
  /// The text for a person: `PID 4711`, `thread 4711/4713`.
  var words: String { tid == nil ? "PID \(self)" : "thread \(self)" }
}

/// Explains why the history does not hold a PID or TID, if threads are the reason.
struct ThreadHints {
  let reader: HistoryReader

  /// Returns the explanation; nil if threads are not the reason.
  func words(_ number: TaskNumber) throws -> String? {
    if number.tid != nil {
      return """
        a thread is recorded only while its namespaces differ from those of its process: \
        ask for \(number.pid)
        """
    }
    let threads = try reader.threads(tid: number.pid)
    guard !threads.isEmpty else { return nil }
    return
      "it is the number of a thread: ask for \(threads.map(\.description).joined(separator: ", "))"
  }
}

extension SameAnswer.ThreadPlace {
  /// Returns a sentence for a person about a thread that was in a namespace in which its process was not.
  func words(_ zone: TimeZoneChoice) -> String {
    let pids = others.map(\.number).uniqued.map(\.description)
    let whose = pids.isEmpty ? "" : ", where \(pids.joined(separator: ", ")) was seen"
    let time =
      from == until
      ? "at \(TimeFormat.localTime(from, zone))"
      : "from \(TimeFormat.localTime(from, zone)) to \(TimeFormat.localTime(until, zone))"
    return """
      Thread \(thread.number) of PID \(thread.pid) was in \(namespace.words)\(whose), \(time) \
      (\(isExact ? "exact" : "sampled")); PID \(thread.pid) is where its main thread is.
      """
  }

  /// The same facts as a JSON object.
  var json: JSON {
    .object([
      ("thread", thread.json), ("type", .string(namespace.type.name)),
      ("inode", .unsigned(namespace.inode)),
      ("id", .optional(namespace.kernelID, JSON.unsigned)),
      ("initial", .optional(namespace.isInitial, JSON.bool)),
      ("from", .time(from)), ("until", .time(until)), ("exact", .bool(isExact)),
      ("others", .array(others.map(\.json))),
    ])
  }
}
