internal import Glibc

/// The paths at which namespaces are mounted. If a process opens a namespace by such a path, the link
/// of its descriptor reads as that path and not as the name of the namespace.
final class MountPaths {
  private var paths: Set<[UInt8]> = []
  /// The paths of the previous scan. They are needed because a scan reads the open files of processes
  /// before it reads the mounts of other mount namespaces.
  private var earlier: Set<[UInt8]> = []
  private var lengths: Set<Int> = []

  /// Starts a scan with the paths of the previous scan and those in the scanner's own mount table.
  func begin(own root: ProcRoot) {
    earlier = paths
    paths.removeAll()
    // If the own table cannot be read, the next scan finds the files that were opened by its paths.
    if root.isProc,
      case .success(let text) = SmallFile.read(
        "self/mountinfo", in: root.descriptor, limit: 1 << 28)
    {
      for entry in MountInfo(text).entries { paths.insert(entry.path) }
    }
    lengths = Set(paths.map(\.count)).union(earlier.map(\.count))
  }

  func add(_ path: [UInt8]) { paths.insert(path) }

  /// Returns whether a path of this length in bytes may be one of the paths. This check excludes nearly
  /// all open files.
  func mayContain(_ count: Int) -> Bool { lengths.contains(count) }

  func contains(_ path: [UInt8]) -> Bool { paths.contains(path) || earlier.contains(path) }
}
