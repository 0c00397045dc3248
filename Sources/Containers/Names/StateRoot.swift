internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// The folder below which the files of engines are read, as if the folder were the root directory.
final class StateRoot: Sendable {
  /// The size limit of a file in bytes. No engine writes a longer file: their lists have some 600 bytes
  /// for each container.
  static let limit = 4 << 20

  private let descriptor: Int32

  init(path: String) throws(ContainerNamesError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ContainerNamesError(path: path, cause: Errno(rawValue: errno))
    }
  }

  /// The root directory of this process; nil if it cannot be opened.
  static var current: StateRoot? {
    let descriptor = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    return descriptor < 0 ? nil : StateRoot(descriptor)
  }

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Reads a regular file; nil if it does not exist, is too large, may not be read, or is not owned by
  /// `owner`. Symbolic links are resolved below this root.
  func read(_ path: String, owner: UInt32? = nil) -> [UInt8]? {
    let file = clinux_open_in_root(descriptor, path)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      owner == nil || owner == status.st_uid, status.st_size <= Self.limit
    else { return nil }
    return Self.readAll(file)
  }

  /// Reads a regular file, and returns its text and its owner; nil if it cannot be read.
  func readWithOwner(_ path: String) -> (text: [UInt8], user: UInt32)? {
    let file = clinux_open_in_root(descriptor, path)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let text = Self.readAll(file)
    else { return nil }
    return (text, status.st_uid)
  }

  /// Returns the entries of a folder whose names are numbers; none if the folder cannot be read.
  func numbers(in path: String) -> [Int] {
    do {
      return try FileManager.default.contentsOfDirectory(
        atPath: "/proc/self/fd/\(descriptor)\(path)"
      ).compactMap(Int.init)
    } catch {
      // Without a list of processes, the lookup finds no engine process, and so no further folder.
      return []
    }
  }

  private static func readAll(_ file: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      if count == 0 { return bytes }
      bytes += chunk.prefix(count)
      // The file may grow while it is read.
      if bytes.count > limit { return nil }
    }
  }
}
