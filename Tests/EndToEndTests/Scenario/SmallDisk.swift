// A file system of a few hundred pages, which a test can fill and empty.

import Foundation
import TestSupport

/// A mounted tmpfs, which is unmounted with the object.
final class SmallDisk {
  private let folder: TemporaryFolder

  static let need = "needs the right to mount a tmpfs"

  /// Whether a tmpfs can be mounted here.
  static let isPossible: Bool = (try? SmallDisk(kilobytes: 64)) != nil

  struct CannotMount: Error {
    let messages: String
  }

  /// Mounts a tmpfs of this size.
  init(kilobytes: Int) throws {
    folder = try TemporaryFolder()
    let outcome = try Command.run(
      "/usr/bin/env",
      ["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", folder.path])
    guard outcome.status == 0 else { throw CannotMount(messages: outcome.messages) }
    ProcessOwner.own(self)
  }

  // A lazy unmount: it removes the mount at once, and frees the file system when its last file is closed.
  deinit { _ = try? Command.run("/usr/bin/env", ["umount", "-l", folder.path]) }

  /// Returns a path on the disk.
  func file(_ name: String) -> String { folder.file(name) }

  /// Fills the disk, but for this number of KiB.
  func fill(leaving kilobytes: Int = 0) throws {
    let file = open(self.file("filler"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(file) }
    let bytes = [UInt8](repeating: 0x20, count: 4096)
    for size in [4096, 512, 1] { while write(file, bytes, size) > 0 {} }
    ftruncate(file, max(0, lseek(file, 0, SEEK_END) - kilobytes * 1024))
  }

  /// Frees the space again.
  func empty() throws { try FileManager.default.removeItem(atPath: file("filler")) }
}
