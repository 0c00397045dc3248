internal import NSHistory
internal import NamespaceModel

/// Where a process was at a moment, in few words.
enum PlaceFormatter {
  /// `net:[4026532281]#4107`, and why that is not certain, and where else it may have been.
  static func text(_ place: ProcessAtMoment.Place, _ type: NamespaceType) -> String {
    let names = place.namespaces.map(\.name)
    return (names.isEmpty ? type.name : names.joined(separator: "|")) + doubt(place.reason)
  }

  private static func doubt(_ reason: UnknownReason?) -> String {
    reason.map { "?\($0.rawValue)" } ?? ""
  }

  /// The namespaces that are not initial ones, and those that are in doubt for a reason of their own.
  static func summary(_ process: ProcessAtMoment) -> String {
    let places = NamespaceType.allCases.compactMap { type in
      process.places[type].map { (type: type, place: $0) }
    }
    // A reason that all have is said once; that there is no later sample, in the first line.
    let reasons = Set(places.map(\.place.reason))
    let common = reasons.count == 1 ? reasons.first.flatMap(\.self) : nil
    let isSaid =
      common == .gap && (process.presence == .lastSeen || process.presence == .firstSeen)
    let ending = isSaid ? "" : doubt(common)
    if places.allSatisfy({ $0.place.namespace == nil }) { return "all\(ending)" }
    let special = places.compactMap { type, place -> String? in
      let isPlain = place.namespace?.isInitial == true && place.others.isEmpty
      if common != nil || place.reason == nil {
        return isPlain ? nil : text(.init(place, because: nil), type)
      }
      return text(place, type)
    }
    return (special.isEmpty ? "initial" : special.joined(separator: " ")) + ending
  }
}
