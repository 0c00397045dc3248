internal import ArgumentParser
internal import NSHistory

/// The options that limit the age and the size of a history.
struct RetentionOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove what is older: 30d, 12h; or off.", valueName: "time|off"))
  var keep = "30d"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove the oldest when the file and its -wal would be larger: 2G, 64M; or off.",
      valueName: "size|off"))
  var maxSize = "2G"

  func validate() throws { _ = try limits() }

  /// Returns the limits that the options name.
  func limits() throws -> RetentionLimits {
    RetentionLimits(keep: try age(), maxSize: try SizeArgument.limit(maxSize, "--max-size"))
  }

  private func age() throws -> Int64? {
    if keep == "off" { return nil }
    guard let time = DurationExpression.parse(keep) else {
      throw ValidationError("'\(keep)' is not an age for --keep; give 30d, 12h or off")
    }
    guard time >= 1_000_000_000 else {
      throw ValidationError("--keep \(keep) keeps nothing; give 1s or more, or off for all")
    }
    return time
  }
}

/// Parses a size in bytes that the user types.
enum SizeArgument {
  private static let units: [Character: Int64] = [
    "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
  ]

  /// Returns the limit of a size that an option names; nil for `off`.
  static func limit(_ text: String, _ option: String) throws -> Int64? {
    if text == "off" { return nil }
    let size = try bytes(text, option)
    guard size >= RetentionLimits.leastSize else {
      throw ValidationError(
        """
        \(option) \(text) is less than a minute of a busy machine takes; give \
        \(self.text(RetentionLimits.leastSize)) or more
        """)
    }
    return size
  }

  /// Returns the number of bytes that an option names.
  static func bytes(_ text: String, _ option: String) throws -> Int64 {
    let upper = text.uppercased()
    var digits = Substring(upper)
    for ending in ["IB", "B"] where digits.count > ending.count && digits.hasSuffix(ending) {
      digits = digits.dropLast(ending.count)
    }
    let unit = digits.last.flatMap { units[$0] }
    if unit != nil { digits = digits.dropLast() }
    guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }),
      let number = Int64(digits),
      case let (size, isTooLarge) = number.multipliedReportingOverflow(by: unit ?? 1), !isTooLarge
    else { throw ValidationError("'\(text)' is not a size for \(option); give 2G, 64M or bytes") }
    return size
  }

  /// Returns a size as text: with the largest unit of which it has at least one, and one decimal below ten.
  static func text(_ bytes: Int64) -> String {
    for (name, unit) in [("G", Int64(1) << 30), ("M", 1 << 20), ("K", 1 << 10)] where bytes >= unit
    {
      let tenths = (bytes * 10 + unit / 2) / unit
      return tenths < 100 && tenths % 10 != 0
        ? "\(tenths / 10).\(tenths % 10)\(name)" : "\((tenths + 5) / 10)\(name)"
    }
    return "\(bytes)"
  }
}
