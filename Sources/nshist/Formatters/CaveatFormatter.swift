internal import NamespaceModel
internal import NSHistory

/// Formats the caveats of an answer: as sentences for a person, and as codes for a program.
struct CaveatFormatter {
  let caveats: [Caveat]
  let zone: TimeZoneChoice

  /// The `caveats` key of a JSON answer, with one object for each caveat.
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

  /// Whether a process may have existed although the file does not hold it. True for every kind of caveat
  /// except `samplesOnly`.
  var hideAbsence: Bool { caveats.contains { $0.kind != .samplesOnly } }

  /// The sentences about data that recording sessions did not record or could not see.
  var sentences: [String] { [copied, leftOut, hidden].compactMap(\.self) }

  /// The same sentences as lines of an answer, with a capital letter and a full stop.
  var lines: [String] { sentences.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." } }

  /// A sentence that lists the intervals without samples, with the reason of each; nil if there are none.
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

  /// The sentence that retention removed a part of the time asked about; nil if it did not.
  var expired: String? {
    guard let cut = caveats.first(where: { $0.missing == .expired })?.until else { return nil }
    return "what was recorded before \(show(cut)) was removed (retention)"
  }

  /// A sentence that lists the intervals in which the recorder omitted changes of namespaces; nil if there
  /// are none.
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
    return "changes were omitted, because one task changed namespaces too often: "
      + all.prefix(Self.mostGaps).joined(separator: ", ") + more
  }

  private var copied: String? {
    guard let time = caveats.first(where: { $0.kind == .copiedWhileOpen })?.from else { return nil }
    return Self.copied(show(time))
  }

  /// The sentence about a file that was copied while a recorder had it open.
  static func copied(_ time: String) -> String {
    """
    this file was copied while a recorder was writing it: data after \(time) is missing, and how that \
    recording ended is not known
    """
  }

  /// The sentence that changes between two samples were not recorded; nil if events were recorded.
  var samplesOnly: String? {
    guard caveats.contains(where: { $0.kind == .samplesOnly }) else { return nil }
    return "only samples were taken: changes between two of them were not recorded"
  }

  private var leftOut: String? {
    let kept = caveats.compactMap { caveat -> ShortLived? in
      if case .shortLivedLeftOut(let kept) = caveat.kind { kept } else { nil }
    }
    guard let first = kept.first else { return nil }
    return Self.leftOut(kept.contains(.none) ? .none : first)
  }

  /// The sentence about short-lived processes that a session did not record (`record --short-lived`).
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

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }

  private static let mostGaps = 3
}

/// Formats the sentence on the evidence of an answer about a time.
struct EvidenceFormatter {
  let caveats: [Caveat]
  let zone: TimeZoneChoice
  /// Whether the answer says of some type or time that something about it is not known.
  var hasUnknown = false

  static let sampled = "Evidence: sampled. Changes between samples are not recorded."

  /// The sentence for an answer that kernel events prove: whether they cover the whole time asked about,
  /// and all processes.
  var exact: String {
    let formatter = CaveatFormatter(caveats: caveats, zone: zone)
    let unknown = hasUnknown ? "some of it is not known, as said above" : nil
    let limits = [formatter.gaps, formatter.expired, formatter.changesLeftOut, unknown]
      .compactMap(\.self)
    if !limits.isEmpty { return "Evidence: exact; but \(limits.joined(separator: "; and "))." }
    if caveats.contains(where: { $0.missing != nil }) {
      return "Evidence: exact as far as it was recorded; part of the time asked for was not."
    }
    if !hasEvents {
      return """
        Evidence: exact where kernel events cover the interval; in part of it only samples were \
        taken, and changes between samples are not recorded.
        """
    }
    let isPartial = caveats.contains {
      if case .shortLivedLeftOut = $0.kind { true } else { false }
    }
    return isPartial
      ? "Evidence: exact for the processes that were kept. Kernel events cover this interval."
      : "Evidence: exact. Kernel events cover this interval."
  }

  /// Whether the recorder had kernel events in the whole time.
  var hasEvents: Bool { !caveats.contains { $0.kind == .samplesOnly } }
}
