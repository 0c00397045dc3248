internal import NSHistory
internal import NamespaceModel

/// Formats the namespaces of a process at a moment as a short text.
enum PlaceFormatter {
  /// Returns the namespace of one type, `net:[4026532281]#4107`; if it is uncertain, also the alternatives,
  /// separated by `|`, and the reason after `?`.
  static func text(_ place: ProcessAtMoment.Place, _ type: NamespaceType) -> String {
    let names = place.namespaces.map(\.name)
    return (names.isEmpty ? type.name : names.joined(separator: "|")) + doubt(place.reason)
  }

  private static func doubt(_ reason: UnknownReason?) -> String {
    reason.map { "?\($0.rawValue)" } ?? ""
  }

  /// Returns the namespaces that are not initial, and those that are uncertain for a reason that the others do
  /// not share.
  static func summary(_ process: ProcessAtMoment) -> String {
    let places = NamespaceType.allCases.compactMap { type in
      process.places[type].map { (type: type, place: $0) }
    }
    // Prints a reason that all types share once, at the end. Omits it if it is that no sample before or after
    // the moment exists: the line above the listing says so.
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
