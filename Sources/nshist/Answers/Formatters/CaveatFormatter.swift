internal import NSHistory

/// Says what limits an answer about a time: in sentences for a person, in codes for a program.
struct CaveatFormatter {
  let caveats: [Caveat]
  let zone: TimeZoneChoice

  /// The key of a document, with an object a caveat.
  var json: (String, JSON) {
    (
      "caveats",
      .array(
        caveats.map { caveat in
          var kept = JSON.null
          if case .shortLivedLeftOut(let which) = caveat.kind { kept = .string(which.rawValue) }
          return .object([
            ("code", .string(caveat.code)), ("from", .time(caveat.from)),
            ("until", .time(caveat.until)), ("short_lived", kept),
          ])
        })
    )
  }

  /// Whether what is not in the file may have been there all the same.
  var hideAbsence: Bool { caveats.contains { $0.kind != .samplesOnly } }

  /// A sentence on what sessions did not keep or see.
  var sentences: [String] { [copied, leftOut, hidden].compactMap(\.self) }

  /// The same as lines of an answer.
  var lines: [String] { sentences.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." } }

  /// A sentence on the times of which nothing is known, between two samples.
  var gaps: String? {
    let all = caveats.compactMap { caveat -> String? in
      guard let missing = caveat.missing, let from = caveat.from, let until = caveat.until else {
        return nil
      }
      return "from \(show(from)) to \(show(until)) (\(missing.words))"
    }
    guard !all.isEmpty else { return nil }
    let more = all.count > Self.mostGaps ? ", and more: see nshist query coverage" : ""
    return "nothing was recorded \(all.prefix(Self.mostGaps).joined(separator: ", "))\(more)"
  }

  /// A sentence on the times in which changes were left out.
  var changesLeftOut: String? {
    let all = caveats.compactMap { caveat -> String? in
      guard case .changesLeftOut(let count) = caveat.kind, let from = caveat.from,
        let until = caveat.until
      else { return nil }
      let changes = RecordingFormatter.count(Int(count), "change", "changes")
      return "\(changes) of namespaces from \(show(from)) to \(show(until))"
    }
    guard !all.isEmpty else { return nil }
    let more = all.count > Self.mostGaps ? ", and more: see nshist query coverage" : ""
    return "left out, as one task made too many: "
      + all.prefix(Self.mostGaps).joined(separator: ", ") + more
  }

  private var copied: String? {
    guard let time = caveats.first(where: { $0.kind == .copiedWhileOpen })?.from else { return nil }
    return Self.copied(show(time))
  }

  /// What is not known of a copy.
  static func copied(_ time: String) -> String {
    """
    this file was copied while a recorder had it: what was recorded after \(time) is not in it, and \
    how that recording ended is not known
    """
  }

  /// What samples alone cannot say.
  var samplesOnly: String? {
    guard caveats.contains(where: { $0.kind == .samplesOnly }) else { return nil }
    return "only samples were taken: what came and went between two of them was not recorded"
  }

  private var leftOut: String? {
    let kept = caveats.compactMap { caveat -> ShortLived? in
      if case .shortLivedLeftOut(let kept) = caveat.kind { kept } else { nil }
    }
    guard let first = kept.first else { return nil }
    return Self.leftOut(kept.contains(.none) ? .none : first)
  }

  /// What a session did not keep.
  static func leftOut(_ kept: ShortLived) -> String {
    let which = kept == .none ? "" : " that did not change namespaces"
    return """
      short-lived processes\(which) were not kept in that recording (record --short-lived \
      \(kept.rawValue)): a process that no sample observed may be missing here
      """
  }

  private var hidden: String? {
    guard caveats.contains(where: { $0.kind == .hiddenProcesses }) else { return nil }
    return "processes could be there and not be seen (hidepid): absence here proves nothing"
  }

  private func show(_ time: Int64) -> String { TimeFormat.localTime(time, zone) }

  private static let mostGaps = 3
}
