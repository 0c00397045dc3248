internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads links of a process that may lead anywhere, without following them, into one kept buffer.
final class PinLinkReader {
  /// What the text of a link says that it leads to.
  enum Target {
    case namespace(NamespaceType, inode: UInt64)
    case socket
    /// `/`: the root of some mount.
    case root
    case other
    case failed(Errno)
  }

  // The text of a namespace or a socket is far shorter; what fills it is a path.
  private static let capacity = 64
  private let text = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)

  deinit { text.deallocate() }

  func read(_ name: String, in directory: Int32) -> Target {
    let count = readlinkat(
      directory, name, text.assumingMemoryBound(to: CChar.self), Self.capacity)
    guard count >= 0 else { return .failed(.last) }
    let read = UnsafeBufferPointer(start: text.assumingMemoryBound(to: UInt8.self), count: count)
    if read.starts(with: "socket:[".utf8) { return .socket }
    if read.elementsEqual("/".utf8) { return .root }
    guard let (type, inode) = LinkText.namespace(in: read.span) else { return .other }
    return .namespace(type, inode: inode)
  }

  /// Whether a link leads to `/`.
  func isRoot(_ name: String, in directory: Int32) -> Bool {
    if case .root = read(name, in: directory) { true } else { false }
  }
}
