package import NamespaceModel

/// The text of a link in `/proc/PID/ns`: `net:[4026531840]` (`namespaces(7)`).
package enum LinkText {
  /// The inode number in the text, or nil when it is not a link of this type.
  ///
  /// Runs ten times a process in every sample, so it neither allocates nor copies.
  package static func inode(in text: Span<UInt8>, of type: NamespaceType) -> UInt64? {
    guard let digits = digitsStart(in: text, of: type) else { return nil }
    let end = text.count - 1
    guard end > digits, end - digits <= 19, text[end] == UInt8(ascii: "]") else { return nil }
    var inode: UInt64 = 0
    var index = digits
    while index < end {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      // Nineteen digits at most: no overflow.
      inode = inode &* 10 &+ UInt64(digit)
      index += 1
    }
    return inode
  }

  /// Where the digits start: behind the type's name and `:[`.
  private static func digitsStart(in text: Span<UInt8>, of type: NamespaceType) -> Int? {
    let name = type.link.fileName
    let length = name.utf8CodeUnitCount
    guard text.count > length + 2, text[length] == UInt8(ascii: ":"),
      text[length + 1] == UInt8(ascii: "[")
    else { return nil }
    for index in 0..<length where text[index] != name.utf8Start[index] { return nil }
    return length + 2
  }
}
