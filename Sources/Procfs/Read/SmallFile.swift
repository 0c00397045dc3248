internal import Glibc
internal import SystemPackage

/// Reads whole files of `/proc`: the kernel generates the text of such a file at the first read.
enum SmallFile {
  /// The usual limit of the size of a text, in bytes. Files of a process are much smaller; a longer text is
  /// treated as an error.
  private static let limit = 1 << 20

  /// Returns the text of a file, or the error.
  static func read(
    _ name: String, in directory: Int32, limit: Int = limit
  ) -> Result<[UInt8], Errno> {
    let file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { return .failure(.last) }
    defer { close(file) }
    var text: [UInt8] = []
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
      while true {
        let count = Glibc.read(file, buffer.baseAddress, buffer.count)
        if count < 0 {
          if errno == EINTR { continue }
          return .failure(.last)
        }
        if count == 0 { return .success(text) }
        text.append(contentsOf: buffer.prefix(count))
        if text.count > limit { return .failure(.fileTooLarge) }
      }
    }
  }

  /// Returns the first bytes of a file, `count` at most, by one read; or the error.
  static func beginning(of name: String, in directory: Int32, count: Int) -> Result<[UInt8], Errno>
  {
    let file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { return .failure(.last) }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { buffer in
      while true {
        let read = Glibc.read(file, buffer.baseAddress, buffer.count)
        if read >= 0 { return .success(Array(buffer.prefix(read))) }
        if errno != EINTR { return .failure(.last) }
      }
    }
  }
}
