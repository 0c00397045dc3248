internal import CLinux
internal import Glibc

extension MountInfo.Entry {
  /// Opens the mount point with `O_PATH`, without a request to a file system that may have to wait for
  /// a server; returns -1 if that is not possible.
  ///
  /// - Parameter top: the directory that the paths of the mount table are relative to.
  func open(below top: Int32) -> Int32 {
    // The kernel writes no path that contains a NUL.
    guard !path.contains(0) else { return -1 }
    return (path + [0]).withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return -1 }
      let name = start.assumingMemoryBound(to: CChar.self)
      // The walk also fails if some process renames a file at the same time; another attempt is cheap.
      for _ in 0..<3 {
        let file = clinux_open_cached(top, name)
        if file >= 0 || errno != EAGAIN { return file }
      }
      return -1
    }
  }
}
