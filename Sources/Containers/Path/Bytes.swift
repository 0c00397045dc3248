// Compares the parts of a path as bytes, which need not be valid text.

extension ArraySlice<UInt8> {
  func hasPrefix(_ start: String) -> Bool { starts(with: start.utf8) }

  func hasSuffix(_ end: String) -> Bool { suffix(end.utf8.count).elementsEqual(end.utf8) }

  /// Returns the bytes between a prefix and a suffix, if both are present and do not overlap.
  func between(_ start: String, _ end: String) -> ArraySlice<UInt8>? {
    guard count >= start.utf8.count + end.utf8.count, hasPrefix(start), hasSuffix(end) else {
      return nil
    }
    return dropFirst(start.utf8.count).dropLast(end.utf8.count)
  }

  /// The bytes as a name; nil when there are none, or they are not UTF-8.
  var name: String? { isEmpty ? nil : String(validating: self, as: UTF8.self) }
}

/// Unsigned decimal numbers, as systemd prints user ids.
enum Decimal {
  static func isNumber(_ digits: ArraySlice<UInt8>) -> Bool {
    !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// Parses the number; nil for anything else, and for a number that is too large.
  static func parse(_ digits: ArraySlice<UInt8>) -> UInt32? {
    isNumber(digits) ? UInt32(String(decoding: digits, as: UTF8.self)) : nil
  }
}
