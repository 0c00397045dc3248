internal import Glibc
package import NamespaceModel

/// Reads links of an `ns` directory into one reusable buffer.
final class LinkReader {
  /// The result of reading a link: the inode number in its text, an errno, or a text of another form.
  enum Reading: Equatable {
    case inode(UInt64)
    case failed(Int32)
    case malformed
  }

  private static let capacity = 64
  private let text = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)

  deinit { text.deallocate() }

  @inline(__always)
  func read(_ link: NamespaceLink, in directory: Int32) -> Reading {
    let name = UnsafeRawPointer(link.fileName.utf8Start).assumingMemoryBound(to: CChar.self)
    let count = readlinkat(
      directory, name, text.assumingMemoryBound(to: CChar.self), Self.capacity)
    guard count >= 0 else { return .failed(errno) }
    let read = UnsafeBufferPointer(start: text.assumingMemoryBound(to: UInt8.self), count: count)
    guard let inode = LinkText.inode(in: read.span, of: link.type) else { return .malformed }
    return .inode(inode)
  }
}

/// The text of a link in `/proc/PID/ns`: `net:[4026531840]` (`namespaces(7)`).
package enum LinkText {
  /// Parses the inode number in the text; nil if it is not a link of this type.
  ///
  /// A sample calls this ten times for each process, so the function neither allocates nor copies.
  package static func inode(in text: Span<UInt8>, of type: NamespaceType) -> UInt64? {
    guard let digits = digitsStart(in: text, of: type) else { return nil }
    let end = text.count - 1
    guard end > digits, end - digits <= 19, text[end] == UInt8(ascii: "]") else { return nil }
    var inode: UInt64 = 0
    var index = digits
    while index < end {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      // With at most nineteen digits, the number cannot overflow.
      inode = inode &* 10 &+ UInt64(digit)
      index += 1
    }
    return inode
  }

  /// Returns the offset of the first digit, after the type's name and `:[`.
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
