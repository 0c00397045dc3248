internal import CLinux
internal import Glibc
internal import NamespaceModel

/// The mounts of namespaces in `/proc/PID/mountinfo` (`proc_pid_mountinfo(5)`): the mounted namespaces,
/// and their mount points.
struct MountInfo {
  /// A mount of a namespace's file: a mount of type nsfs, whose root field is the text of the namespace
  /// link.
  struct Entry: Hashable {
    let type: NamespaceType
    let inode: UInt64
    /// The mount point, with escape sequences decoded.
    let path: [UInt8]
  }

  /// The mounts in the order of the table.
  private(set) var entries: [Entry] = []
  /// The type of each file system that is mounted at `/`: one of them is the root directory that processes
  /// see, and covers the others.
  private(set) var rootTypes: [[UInt8]] = []

  /// Parses the table. Skips malformed lines and an incomplete last line.
  init(_ text: [UInt8]) {
    var start = text.startIndex
    while let end = text[start...].firstIndex(of: 0x0A) {
      read(text[start..<end])
      start = end + 1
    }
  }

  private mutating func read(_ line: ArraySlice<UInt8>) {
    // A line looks like: 36 35 98:0 net:[4026532458] /mount-point rw,noatime master:1 - type source super-options
    let fields = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard let dash = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
      fields.count > dash + 1
    else { return }
    let path = Self.unescaped(fields[4])
    let fileSystem = Self.unescaped(fields[dash + 1])
    if path == [UInt8(ascii: "/")] { rootTypes.append(fileSystem) }
    guard fileSystem.elementsEqual("nsfs".utf8), path.first == UInt8(ascii: "/"),
      let (type, inode) = LinkText.namespace(in: Self.unescaped(fields[3]).span)
    else { return }
    entries.append(Entry(type: type, inode: inode, path: path))
  }

  /// Decodes a field, in which the kernel writes a space, a tab, a newline, a backslash and `#` as a
  /// backslash and three octal digits.
  static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(field.count)
    var rest = field
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let escaped = octal(rest.prefix(3)) {
        bytes.append(escaped)
        rest.removeFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }

  private static func octal(_ digits: ArraySlice<UInt8>) -> UInt8? {
    guard digits.count == 3 else { return nil }
    var value = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "7") else { return nil }
      value = value * 8 + Int(byte - UInt8(ascii: "0"))
    }
    return UInt8(exactly: value)
  }
}

extension MountInfo.Entry {
  /// Opens the mount point with `O_PATH`, without a request to a file system that may have to wait for
  /// a server; returns -1 if that is not possible.
  ///
  /// - Parameter top: the directory that the paths of the mount table are relative to.
  func open(below top: Int32) -> Int32 {
    // The kernel writes no path that contains a NUL.
    guard !path.contains(0) else { return -1 }
    return (path + [0]).withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return -1 }
      let name = start.assumingMemoryBound(to: CChar.self)
      // The call also fails with EAGAIN if some process renames a file at the same time; another attempt is cheap.
      for _ in 0..<3 {
        let file = clinux_open_cached(top, name)
        if file >= 0 || errno != EAGAIN { return file }
      }
      return -1
    }
  }
}

extension LinkText {
  /// Parses the text of a link of any type into the namespace type and the inode number; nil if it is
  /// not such a link.
  static func namespace(in text: Span<UInt8>) -> (NamespaceType, UInt64)? {
    // Most open files have a path as the text of their link.
    guard text.count > 0, text[0] != UInt8(ascii: "/") else { return nil }
    for type in NamespaceType.allCases {
      if let inode = inode(in: text, of: type) { return (type, inode) }
    }
    return nil
  }
}
