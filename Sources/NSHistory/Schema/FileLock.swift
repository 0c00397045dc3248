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

  private init(_ path: String, _ flags: Int32, creating mode: mode_t = 0) throws(Errno) {
    (descriptor, file) = try FileDescriptors.open(path, flags, creating: mode)
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
    /// A reader holds the lock, because it reads without SQLite's locks. The caller may wait until it has finished.
    case read
    /// Another recorder holds the lock.
    case recorded
  }

  /// Acquires the lock for a recorder. Creates the file if it does not exist, with the mode that `NewFileMode` gives.
  static func exclusive(_ path: String) throws(Errno) -> Claim {
    let lock = try FileLock(path, O_RDWR | O_CREAT, creating: NewFileMode.inFolder(of: path))
    if try lock.take(LOCK_EX) { return .taken(lock) }
    return try lock.take(LOCK_SH) ? .read : .recorded
  }

  /// Acquires the lock for a reader; returns nil if a recorder holds it.
  static func shared(_ path: String) throws(Errno) -> FileLock? {
    let lock = try FileLock(path, O_RDONLY)
    return try lock.take(LOCK_SH) ? lock : nil
  }

  /// Returns whether a recorder holds the lock. The caller must retain `lock`, which has the file open, as long as
  /// it reads the file: see `FileDescriptors`.
  static func probe(_ path: String) throws(Errno) -> (isRecorded: Bool, lock: FileLock) {
    let lock = try FileLock(path, O_RDONLY)
    guard try lock.take(LOCK_SH) else { return (true, lock) }
    flock(lock.descriptor, LOCK_UN)
    return (false, lock)
  }

  /// The size of the file, in bytes; 0 if `fstat` fails.
  var size: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// Whether a path still leads to the file.
  func isAt(_ path: String) -> Bool { FileIdentity(path: path) == file }

  /// Removes from an empty file the permissions that a newly created one would not have (`NewFileMode`).
  func restrict(at path: String) throws(Errno) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Errno(rawValue: errno) }
    let most = NewFileMode.inFolder(of: path, group: status.st_gid)
    guard fchmod(descriptor, status.st_mode & most | NewFileMode.owner) == 0 else {
      throw Errno(rawValue: errno)
    }
  }
}

/// The mode of a new history file: its owner reads and writes it. A folder with the set-group-ID bit says that its
/// files belong to its group (`inode(7)`), so that group reads a file there, unless the umask of the recorder denies it.
/// SQLite gives the `-wal` and `-shm` files the mode of the file.
private enum NewFileMode {
  static let owner: mode_t = 0o600
  private static let withGroup: mode_t = 0o640

  /// - Parameter group: the group that the file has; nil for a file that is about to get the group of the folder.
  static func inFolder(of path: String, group: gid_t? = nil) -> mode_t {
    let folder = FilePath(path).removingLastComponent()
    var status = stat()
    guard stat(folder.isEmpty ? "." : folder.string, &status) == 0,
      status.st_mode & S_ISGID != 0, group == nil || group == status.st_gid
    else { return owner }
    return withGroup
  }
}

/// The descriptors of history files that this process holds besides SQLite's own.
///
/// Closing any descriptor of a file drops every POSIX lock that this process holds on the file
/// (fcntl_locking(2)), also SQLite's. So this type closes the descriptors of a file only after the last
/// of them is released: until then a connection of this process may be open.
enum FileDescriptors {
  private struct Use {
    /// The number of descriptors of the file that are in use.
    var count = 0
    /// The descriptors that were released and are still open.
    var done: [Int32] = []
  }

  private static let uses = Mutex<[FileIdentity: Use]>([:])

  /// Opens a file. With `O_CREAT` it creates a missing file with `mode`, less the umask.
  static func open(
    _ path: String, _ flags: Int32, creating mode: mode_t
  ) throws(Errno) -> (Int32, FileIdentity) {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK, mode)
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

  /// The reason why no history can be at the path, and the remedy; nil for a regular file, and where nothing was found.
  var refusal: (reason: String, remedy: String)? {
    switch self {
    case .directory: ("it is a directory", "give the path of a file in it")
    case .special: ("it is a device, a FIFO or a socket", "give the path of a regular file")
    case .file, .missing, .unreachable: nil
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
