internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Descriptors of history files beside those that SQLite has.
///
/// Closing any descriptor of a file drops every POSIX lock that this process holds on it
/// (fcntl_locking(2)), SQLite's too. So they are closed when the last of them is done with: until
/// then a connection of this process may be open.
enum FileDescriptors {
  private struct Use {
    var count = 0
    var done: [Int32] = []
  }

  private static let uses = Mutex<[FileIdentity: Use]>([:])

  /// Opens a file; makes it, mode 0600, if the flags say so and it is not there.
  static func open(_ path: String, _ flags: Int32) throws(Errno) -> (Int32, FileIdentity) {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    let file = FileIdentity(descriptor: descriptor)
    uses.withLock { $0[file, default: Use()].count += 1 }
    return (descriptor, file)
  }

  /// Closes a descriptor, now or when the last of the file is.
  static func close(_ descriptor: Int32, of file: FileIdentity) {
    uses.withLock { uses in
      var use = uses[file] ?? Use(count: 1)
      use.count -= 1
      use.done.append(descriptor)
      if use.count == 0 { for descriptor in use.done { Glibc.close(descriptor) } }
      uses[file] = use.count == 0 ? nil : use
    }
  }
}
