internal import NSHistory

/// What there is to say of what pins a namespace.
enum PinFormatter {
  /// In a cell: the first, and how many more.
  static func summary(_ pins: [PinAtMoment], _ zone: TimeZoneChoice) -> String {
    guard let first = pins.first else { return "" }
    return first.pin.words + doubt(first, zone) + (pins.count > 1 ? " +\(pins.count - 1)" : "")
  }

  /// Between two scans of which one saw it and the other did not, it came or went some time.
  private static func doubt(_ pin: PinAtMoment, _ zone: TimeZoneChoice) -> String {
    if pin.isCertain { return "" }
    if let exited = pin.exited {
      return " (in doubt: seen \(TimeFormat.localTime(pin.seen, zone)), "
        + "its process had exited by \(TimeFormat.localTime(exited, zone)))"
    }
    guard let missed = pin.missed else { return " (in doubt)" }
    return " (in doubt: seen \(TimeFormat.localTime(pin.seen, zone)), "
      + "not seen \(TimeFormat.localTime(missed, zone)))"
  }

  /// In a sentence, with times: each, up to a few. What several recordings saw is said once.
  static func list(_ pins: [PinRecord], _ zone: TimeZoneChoice) -> String? {
    guard !pins.isEmpty else { return nil }
    var order: [String] = []
    var all: [String: [PinRecord]] = [:]
    for pin in pins {
      order.removeAll { $0 == pin.words }
      order.append(pin.words)
      all[pin.words, default: []].append(pin)
    }
    let shown = order.suffix(most).map { words in
      let times = all[words] ?? []
      let ends = [times.map(\.firstSeen).min(), times.map(\.lastSeen).max()]
        .compactMap(\.self).map { TimeFormat.localTime($0, zone) }
      let count = times.count > 1 ? ", \(times.count) times" : ""
      return "\(words), seen \(ends.joined(separator: " to "))\(count)"
    }
    let others = order.count > most ? "; and \(order.count - most) before" : ""
    return "pinned by \(shown.joined(separator: "; "))\(others)"
  }

  private static let most = 3
}

extension PinRecord {
  /// For people: `mount /run/netns/blue`, `descriptor 3 of 4711 nginx`.
  var words: String {
    switch kind {
    case .mount:
      let place = mountNamespace.map { $0.isInitial == true ? "" : " in \($0.name)" } ?? ""
      return "mount \(path ?? "")\(place)"
    case .descriptor, .socket:
      let number = descriptor.map { " \($0)" } ?? ""
      return "\(kind.name)\(number) of \(pid.map(String.init) ?? "?")\(comm.map { " \($0)" } ?? "")"
    }
  }

  /// Its keys, with every key always there.
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
