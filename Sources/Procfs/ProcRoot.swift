internal import CLinux
internal import Glibc
public import NamespaceModel
public import SystemPackage

/// An open `/proc`, or a directory in its form: where every other read starts.
///
/// All reads are relative to its descriptor, so a test can lay down a tree of its own.
public final class ProcRoot {
  /// The path it was opened by.
  public let path: String
  let descriptor: Int32

  /// Opens `path`.
  public init(path: String = "/proc") throws(ProcfsError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ProcfsError(operation: "open", path: path, cause: .system(.last))
    }
    self.path = path
  }

  deinit { close(descriptor) }

  /// The text of a file below the root, or why there is none.
  public func read(_ name: String) -> Result<[UInt8], Errno> {
    SmallFile.read(name, in: descriptor)
  }

  /// The text of a file that has to be there.
  public func require(_ name: String) throws(ProcfsError) -> [UInt8] {
    switch read(name) {
    case .success(let text): return text
    case .failure(let errno):
      throw ProcfsError(operation: "read", path: "\(path)/\(name)", cause: .system(errno))
    }
  }

  /// The boot's own name: `/proc/sys/kernel/random/boot_id` (`random(4)`).
  public func bootID() throws(ProcfsError) -> String {
    let name = "sys/kernel/random/boot_id"
    let text = try require(name).prefix { $0 != 0x0A }
    guard text.count == 36, text.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw ProcfsError(operation: "read", path: "\(path)/\(name)", cause: .malformed)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The inode number of one of the reader's own namespaces; nil when that cannot be read.
  public func ownNamespaceInode(_ link: NamespaceLink) -> UInt64? {
    let directory = openat(descriptor, "self/ns", CLINUX_O_PATH_DIRECTORY)
    guard directory >= 0 else { return nil }
    defer { close(directory) }
    guard case .inode(let inode) = LinkReader().read(link, in: directory) else { return nil }
    return inode
  }

  /// Whether kthreadd is there, as PID 2: kernel threads are in the initial pid namespace only.
  public var showsKernelThreads: Bool {
    guard case .success(let text) = read("2/stat") else { return false }
    return StatLine(text)?.isKernelThread == true
  }

  /// The inode numbers of the initial net and mnt namespaces, which vary by kernel: those of
  /// kthreadd, which is PID 2 wherever the initial pid namespace is shown. Empty elsewhere, and
  /// where they may not be read.
  func kthreaddInodes() -> [NamespaceType: UInt64] {
    let directory = openat(descriptor, "2/ns", CLINUX_O_PATH_DIRECTORY)
    guard directory >= 0 else { return [:] }
    defer { close(directory) }
    guard showsKernelThreads else { return [:] }
    let reader = LinkReader()
    var found: [NamespaceType: UInt64] = [:]
    for link in [NamespaceLink.mnt, .net] {
      if case .inode(let inode) = reader.read(link, in: directory) { found[link.type] = inode }
    }
    return found
  }

  /// What the mount of this root hides, as far as the reader's mount table tells.
  public var hidePID: HidePID {
    // The mount table names its mounts by their real paths, with no link in them.
    guard case .success(let table) = SmallFile.read("/proc/self/mountinfo", in: AT_FDCWD),
      let real = realpath(path, nil)
    else { return .off }
    defer { free(real) }
    return HidePID(mountinfo: table, mountPoint: String(cString: real))
  }
}

/// Files of `/proc` that are read whole: the kernel makes their text at the first read.
enum SmallFile {
  /// No file that is read here comes near it; what is longer is no such file.
  private static let limit = 1 << 20

  static func read(_ name: String, in directory: Int32) -> Result<[UInt8], Errno> {
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
}

extension Errno {
  /// The calling thread's `errno`.
  static var last: Errno { Errno(rawValue: errno) }

  /// The process or the file is not there: by path `ENOENT`, on a held directory `ESRCH`.
  var isGone: Bool { self == .noSuchFileOrDirectory || self == .noSuchProcess }

  /// The reader is not let in: from `namespaces(7)` `EACCES`, with `hidepid` `EPERM`.
  var isDenied: Bool { self == .permissionDenied || self == .notPermitted }
}
