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
    /// A path of so many bytes, which `path` gives.
    case path(count: Int)
    case other
    case failed(Errno)
  }

  // What fills it is a longer path, which is none of a namespace that can be found again.
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

  /// The path of so many bytes that was read last.
  func path(_ count: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text, count: min(count, Self.capacity)))
  }

  /// Whether a link leads to `/`.
  func isRoot(_ name: String, in directory: Int32) -> Bool {
    if case .root = read(name, in: directory) { true } else { false }
  }
}
