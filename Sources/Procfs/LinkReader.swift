internal import Glibc
internal import NamespaceModel

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
