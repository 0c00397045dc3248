internal import Glibc
internal import NamespaceModel

/// Reads links of an `ns` directory into one kept buffer.
final class LinkReader {
  /// An inode number, or an errno.
  enum Reading: Equatable {
    case inode(UInt64)
    case failed(Int32)
    case malformed
  }

  private static let capacity = 64
  private let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)

  deinit { text.deallocate() }

  @inline(__always)
  func read(_ link: NamespaceLink, in directory: Int32) -> Reading {
    let name = UnsafeRawPointer(link.fileName.utf8Start).assumingMemoryBound(to: CChar.self)
    let room = UnsafeMutableRawPointer(text.baseAddress.unsafelyUnwrapped)
      .assumingMemoryBound(to: CChar.self)
    let count = readlinkat(directory, name, room, Self.capacity)
    guard count >= 0 else { return .failed(errno) }
    let read = UnsafeBufferPointer(rebasing: text[..<count])
    guard let inode = LinkText.inode(in: read.span, of: link.type) else { return .malformed }
    return .inode(inode)
  }
}
