internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A `flock(2)` lock on a history file. It does not conflict with SQLite's own POSIX locks. The kernel
/// releases it when the process ends, however it ends.
///
/// A recorder holds the lock exclusively. A reader of a file without a recorder holds it shared, because
/// such a reader uses none of SQLite's locks. The lock must outlive the connection to the file: see
/// `FileDescriptors`.
final class FileLock {
  private let descriptor: Int32
  /// The file that is locked.
  let file: FileIdentity

  private init(_ path: String, _ flags: Int32) throws(Errno) {
    (descriptor, file) = try FileDescriptors.open(path, flags)
  }

  deinit {
    flock(descriptor, LOCK_UN)
    FileDescriptors.close(descriptor, of: file)
  }

  /// Acquires a lock, or returns false if a conflicting lock exists.
  private func take(_ operation: Int32) throws(Errno) -> Bool {
    if flock(descriptor, operation | LOCK_NB) == 0 { return true }
    let failure = Errno(rawValue: errno)
    if failure == .wouldBlock { return false }
    throw failure
  }

  /// The result of a recorder's attempt to lock the file.
  enum Claim {
    case taken(FileLock)
    /// A reader holds the lock, as it uses none of SQLite's; it will finish.
    case read
    /// Another recorder holds the lock.
    case recorded
  }

  /// Acquires the lock for a recorder. Creates the file with mode 0600 if it does not exist.
  static func exclusive(_ path: String) throws(Errno) -> Claim {
    let lock = try FileLock(path, O_RDWR | O_CREAT)
    if try lock.take(LOCK_EX) { return .taken(lock) }
    return try lock.take(LOCK_SH) ? .read : .recorded
  }

  /// Acquires the lock for a reader; returns nil if a recorder holds it.
  static func shared(_ path: String) throws(Errno) -> FileLock? {
    let lock = try FileLock(path, O_RDONLY)
    return try lock.take(LOCK_SH) ? lock : nil
  }

  /// Returns whether a recorder holds the lock. The caller must retain `keeper` as long as it reads the
  /// file.
  static func probe(_ path: String) throws(Errno) -> (isRecorded: Bool, keeper: FileLock) {
    let lock = try FileLock(path, O_RDONLY)
    guard try lock.take(LOCK_SH) else { return (true, lock) }
    flock(lock.descriptor, LOCK_UN)
    return (false, lock)
  }

  /// The size of the file, in bytes.
  var size: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Whether a path still leads to the file.
  func isAt(_ path: String) -> Bool { FileIdentity(path: path) == file }

  /// Restricts the file to its owner (mode 0600), as for a newly created one.
  func restrict() throws(Errno) {
    guard fchmod(descriptor, 0o600) == 0 else { throw Errno(rawValue: errno) }
  }
}

/// The descriptors of history files that this process holds besides SQLite's own.
///
/// Closing any descriptor of a file drops every POSIX lock that this process holds on the file
/// (fcntl_locking(2)), also SQLite's. So this type closes the descriptors of a file only after the last
/// of them is released: until then a connection of this process may be open.
enum FileDescriptors {
  private struct Use {
    var count = 0
    var done: [Int32] = []
  }

  private static let uses = Mutex<[FileIdentity: Use]>([:])

  /// Opens a file. With `O_CREAT` it creates a missing file with mode 0600.
  static func open(_ path: String, _ flags: Int32) throws(Errno) -> (Int32, FileIdentity) {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    let file = FileIdentity(descriptor: descriptor)
    uses.withLock { $0[file, default: Use()].count += 1 }
    return (descriptor, file)
  }

  /// Releases a descriptor. Closes all released descriptors of the file once none is in use.
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

/// The kind of file at a path, from `stat(2)`.
enum FileStatus {
  case file(size: Int64), directory, missing, unreachable(Errno)
  /// A device, a FIFO or a socket.
  case special

  static func of(_ path: String) -> FileStatus {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let failure = Errno(rawValue: errno)
      return failure == .noSuchFileOrDirectory ? .missing : .unreachable(failure)
    }
    return switch status.st_mode & S_IFMT {
    case S_IFDIR: .directory
    case S_IFREG: .file(size: Int64(status.st_size))
    default: .special
    }
  }
}

/// The identity of a file, whatever path leads to it: its device and inode number (`inode(7)`).
struct FileIdentity: Hashable {
  private let device: UInt
  private let inode: UInt

  private init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }

  /// An identity from the two numbers as the history file stores them.
  init(device: Int64, inode: Int64) {
    self.device = UInt(bitPattern: Int(device))
    self.inode = UInt(bitPattern: Int(inode))
  }

  /// The device number, as the history file stores it.
  var deviceNumber: Int64 { Int64(Int(bitPattern: device)) }
  /// The inode number, as the history file stores it.
  var inodeNumber: Int64 { Int64(Int(bitPattern: inode)) }

  /// The file that a path leads to; nil when there is none.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The file that is open.
  init(descriptor: Int32) {
    var status = stat()
    // If `fstat` fails on an open descriptor, device and inode stay 0, which no file has.
    fstat(descriptor, &status)
    self.init(status)
  }
}

/// Resolves symbolic links.
package enum RealPath {
  /// Returns the path without symbolic links (`realpath(3)`), or the given path if it does not exist or
  /// cannot be resolved.
  ///
  /// SQLite derives the names of the `-wal` and `-shm` files from the resolved path.
  package static func of(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
