internal import Glibc
internal import SystemPackage

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
