internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads the text of links in the directory of a process, such as `fd/3`, which may point anywhere. The reader does not
/// follow a link. It reads each text into one reusable buffer.
final class PinLinkReader {
  /// The target that the text of a link names.
  enum Target {
    case namespace(NamespaceType, inode: UInt64)
    case socket
    /// `/`: the root of a mount.
    case root
    /// A path of `count` bytes, which the method `path` returns.
    case path(count: Int)
    case other
    case failed(Errno)
  }

  // A text that fills the buffer is a longer path, which cannot be the path of a namespace that can be
  // found again.
  private static let capacity = 4096
  private let text = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)

  deinit { text.deallocate() }

  func read(_ name: String, in directory: Int32) -> Target {
    let count = readlinkat(
      directory, name, text.assumingMemoryBound(to: CChar.self), Self.capacity)
    guard count >= 0 else { return .failed(.last) }
    let read = UnsafeBufferPointer(start: text.assumingMemoryBound(to: UInt8.self), count: count)
    if read.starts(with: "socket:[".utf8) { return .socket }
    if read.elementsEqual("/".utf8) { return .root }
    if read.first == UInt8(ascii: "/") { return .path(count: count) }
    guard let (type, inode) = LinkText.namespace(in: read.span) else { return .other }
    return .namespace(type, inode: inode)
  }

  /// Returns the path, of this length in bytes, that was read last.
  func path(_ count: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text, count: min(count, Self.capacity)))
  }

  /// Returns whether a link points at `/`.
  func isRoot(_ name: String, in directory: Int32) -> Bool {
    if case .root = read(name, in: directory) { true } else { false }
  }
}
