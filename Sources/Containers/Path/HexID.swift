/// The ids of containers and pods: 64 lowercase hexadecimal digits.
enum HexID {
  static let length = 64

  static func isID(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.count == length && isHexadecimal(bytes)
  }

  static func isID(_ text: String) -> Bool { isID(text.utf8) }

  static func isHexadecimal(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// Returns the id at the end of a component, and the part before it; nil if a letter or digit
  /// directly precedes the id, which then belongs to a longer word.
  static func atEnd(
    of part: ArraySlice<UInt8>
  ) -> (before: ArraySlice<UInt8>, id: String)? {
    let digits = part.suffix(length)
    guard isID(digits) else { return nil }
    let before = part.dropLast(length)
    if let last = before.last, isAlphanumeric(last) { return nil }
    return (before, String(decoding: digits, as: UTF8.self))
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
  }
}
