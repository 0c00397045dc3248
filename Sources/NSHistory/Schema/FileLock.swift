internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A `flock(2)` on a history file. It is of another kind than SQLite's own locks and does not
/// meet them; it ends with the process, however that ends.
///
/// A recorder holds it exclusively. A reader of a file that nobody records into holds it shared,
/// because it then reads without SQLite's locks. It has to outlive the connection to the file: see
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

  /// Takes a lock, or returns false when another's is in the way.
  private func take(_ operation: Int32) throws(Errno) -> Bool {
    if flock(descriptor, operation | LOCK_NB) == 0 { return true }
    let failure = Errno(rawValue: errno)
    if failure == .wouldBlock { return false }
    throw failure
  }

  /// What a recorder finds.
  enum Claim {
    case taken(FileLock)
    /// A reader reads without SQLite's locks; it will end.
    case read
    /// Another recorder has the file.
    case recorded
  }

  /// The lock for a recorder. Makes the file, mode 0600, when it is not there.
  static func exclusive(_ path: String) throws(Errno) -> Claim {
    let lock = try FileLock(path, O_RDWR | O_CREAT)
    if try lock.take(LOCK_EX) { return .taken(lock) }
    return try lock.take(LOCK_SH) ? .read : .recorded
  }

  /// The lock for a reader, or nil when a recorder has the file.
  static func shared(_ path: String) throws(Errno) -> FileLock? {
    let lock = try FileLock(path, O_RDONLY)
    return try lock.take(LOCK_SH) ? lock : nil
  }

  /// Whether a recorder has the file, and what has to be kept as long as the file is read.
  static func look(_ path: String) throws(Errno) -> (isRecorded: Bool, keeper: FileLock) {
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

  /// Lets nobody but the owner use the file, as if it had been made just now.
  func restrict() throws(Errno) {
    guard fchmod(descriptor, 0o600) == 0 else { throw Errno(rawValue: errno) }
  }
}

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

/// What is at a path, asked of the file system.
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

/// Which file it is, whatever path leads to it: device and inode number (`inode(7)`).
struct FileIdentity: Hashable {
  private let device: UInt
  private let inode: UInt

  private init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }

  /// The two numbers as a file keeps them.
  init(device: Int64, inode: Int64) {
    self.device = UInt(bitPattern: Int(device))
    self.inode = UInt(bitPattern: Int(inode))
  }

  /// The device number, as a file keeps it.
  var deviceNumber: Int64 { Int64(Int(bitPattern: device)) }
  /// The inode number, as a file keeps it.
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
    // The only failure that an open descriptor can have here leaves zeros: no file of anybody.
    fstat(descriptor, &status)
    self.init(status)
  }
}

/// Where paths lead.
package enum RealPath {
  /// A path with no link in it (`realpath(3)`); the path itself where nothing is there, or where
  /// that cannot be found out.
  ///
  /// SQLite names the files beside a database after this one.
  package static func of(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
