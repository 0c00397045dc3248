internal import Glibc
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
