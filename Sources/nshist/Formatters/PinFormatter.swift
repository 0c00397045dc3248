internal import NSHistory

/// Formats the pins of a namespace: the mounts, open files and sockets that keep it alive.
enum PinFormatter {
  /// Returns the text for a table cell: the first pin, and the number of other pins.
  static func summary(_ pins: [PinAtMoment], _ zone: TimeZoneChoice) -> String {
    guard let first = pins.first else { return "" }
    return first.pin.text + uncertainty(first, zone) + (pins.count > 1 ? " +\(pins.count - 1)" : "")
  }

  /// Returns why it is uncertain whether the pin existed at the moment: only one of the scans before and after
  /// the moment saw it, or the process that had it open had exited.
  private static func uncertainty(_ pin: PinAtMoment, _ zone: TimeZoneChoice) -> String {
    if pin.isCertain { return "" }
    if let exited = pin.exited {
      return " (in doubt: seen \(TimeFormat.localTime(pin.seen, zone)), "
        + "its process had exited by \(TimeFormat.localTime(exited, zone)))"
    }
    guard let missed = pin.missed else { return " (in doubt)" }
    return " (in doubt: seen \(TimeFormat.localTime(pin.seen, zone)), "
      + "not seen \(TimeFormat.localTime(missed, zone)))"
  }

  /// Returns a sentence with the first pins that the last scan found, then the last pins that are gone, each with
  /// its times. Lists a pin once, even if several recording sessions saw it.
  static func list(_ pins: [PinRecord], _ zone: TimeZoneChoice) -> String? {
    let all = Dictionary(grouping: pins, by: \.text)
    var order: [String] = []
    for pin in pins {
      order.removeAll { $0 == pin.text }
      order.append(pin.text)
    }
    func isPresent(_ text: String) -> Bool { all[text]?.contains(where: \.isInLastScan) ?? false }
    func isCopy(_ text: String) -> Bool { all[text]?.first?.isInOtherMounts ?? false }
    // Of many pins a few are listed. Mounts in the initial mount namespace come before their copies in others.
    let present = order.filter(isPresent)
    let first = present.filter { !isCopy($0) } + present.filter(isCopy)
    let past = order.filter { !isPresent($0) }
    let gone = past.filter(isCopy) + past.filter { !isCopy($0) }
    let parts = [
      sentence("pinned by", first.prefix(most), more: "more", first.count, all, zone),
      sentence("once pinned by", gone.suffix(most), more: "before", gone.count, all, zone),
    ].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private static func sentence(
    _ verb: String, _ shown: ArraySlice<String>, more: String, _ count: Int,
    _ all: [String: [PinRecord]], _ zone: TimeZoneChoice
  ) -> String? {
    guard !shown.isEmpty else { return nil }
    let each = shown.map { text in
      let times = all[text] ?? []
      let ends = [times.map(\.firstSeen).min(), times.map(\.lastSeen).max()]
        .compactMap(\.self).map { TimeFormat.localTime($0, zone) }
      let count = times.count > 1 ? ", \(times.count) times" : ""
      return "\(text), seen \(ends.joined(separator: " to "))\(count)"
    }
    let others = count > shown.count ? "; and \(count - shown.count) \(more)" : ""
    return "\(verb) \(each.joined(separator: "; "))\(others)"
  }

  private static let most = 3
}

extension PinRecord {
  /// Whether the pin is a mount in a mount namespace other than the initial one.
  fileprivate var isInOtherMounts: Bool { mountNamespace.map { $0.isInitial != true } ?? false }

  /// The text for a person: `mount /run/netns/blue`, `descriptor 3 of 4711 nginx`.
  var text: String {
    switch kind {
    case .mount:
      let mounts = mountNamespace.map { $0.isInitial == true ? "" : " in \($0.name)" } ?? ""
      return "mount \(path ?? "")\(mounts)"
    case .descriptor, .socket:
      let number = descriptor.map { " \($0)" } ?? ""
      return "\(kind.name)\(number) of \(pid.map(String.init) ?? "?")\(comm.map { " \($0)" } ?? "")"
    }
  }

  /// The keys of the pin's JSON object, which always has every key.
  var keys: [(String, JSON)] {
    [
      ("kind", .string(kind.name)), ("path", .optional(path, JSON.string)),
      ("mount_namespace", .optional(mountNamespace) { $0.json }),
      ("pid", .optional(pid, JSON.integer)), ("comm", .optional(comm, JSON.string)),
      ("descriptor", .optional(descriptor, JSON.integer)),
      ("first_seen", .time(firstSeen)), ("last_seen", .time(lastSeen)), ("open", .bool(isOpen)),
    ]
  }
}

extension PinAtMoment {
  var json: JSON {
    .object(
      pin.keys + [
        ("certain", .bool(isCertain)), ("seen", .time(seen)), ("missed", .time(missed)),
        ("exited", .time(exited)),
      ])
  }
}
