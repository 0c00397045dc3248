internal import CLinux
internal import Glibc

extension MountInfo.Entry {
  /// Opens the mount with `O_PATH`, without asking a file system that may have to ask a server; -1 where
  /// that cannot be done.
  ///
  /// - Parameter top: the directory that the paths of its table start at.
  func open(below top: Int32) -> Int32 {
    // A path that holds a NUL is none of the kernel's.
    guard !path.contains(0) else { return -1 }
    return (path + [0]).withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return -1 }
      let name = start.assumingMemoryBound(to: CChar.self)
      // The walk gives up also when it meets somebody's rename; it is not slow to try again.
      for _ in 0..<3 {
        let file = clinux_open_cached(top, name)
        if file >= 0 || errno != EAGAIN { return file }
      }
      return -1
    }
  }
}
