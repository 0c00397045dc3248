internal import NSHistory

/// The sentence on what an answer about a time rests on.
struct EvidenceFormatter {
  let caveats: [Caveat]
  let zone: TimeZoneChoice

  static let sampled = "Evidence: sampled. Changes between samples are not recorded."

  /// Of an answer of which kernel events prove all that is proven: whether they cover all the time asked
  /// for, and all processes.
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

  /// Whether kernel events were listened to in all of it.
  var hasEvents: Bool { !caveats.contains { $0.kind == .samplesOnly } }
}
