internal import NSHistory

/// Formats the sentence on the evidence of an answer about a time.
struct EvidenceFormatter {
  let caveats: [Caveat]
  let zone: TimeZoneChoice

  static let sampled = "Evidence: sampled. Changes between samples are not recorded."

  /// The sentence for an answer that kernel events prove: whether they cover the whole time asked about,
  /// and all processes.
  var exact: String {
    let formatter = CaveatFormatter(caveats: caveats, zone: zone)
    let limits = [formatter.gaps, formatter.changesLeftOut].compactMap(\.self)
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
