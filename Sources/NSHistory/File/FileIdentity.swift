internal import Glibc

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
