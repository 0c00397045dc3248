internal import Glibc

/// The paths at which namespaces are mounted. A file that a process opened by such a path has it as the text of its
/// link, not the name of the namespace.
struct MountPaths {
  private var paths: Set<[UInt8]> = []
  /// Those of the scan before: a scan looks at open files before it has read the mounts of others.
  private var earlier: Set<[UInt8]> = []
  private var lengths: Set<Int> = []

  /// A scan begins, with the paths of the one before and those that the scanner itself sees.
  mutating func begin(own root: ProcRoot) {
    earlier = paths
    paths.removeAll()
    // Where the table cannot be read, these are found by the next scan.
    if root.isProc,
      case .success(let text) = SmallFile.read(
        "self/mountinfo", in: root.descriptor, limit: 1 << 28)
    {
      for entry in MountInfo(text).entries { paths.insert(entry.path) }
    }
    lengths = Set(paths.map(\.count)).union(earlier.map(\.count))
  }

  mutating func add(_ path: [UInt8]) { paths.insert(path) }

  /// Whether a path of so many bytes may be one of them: nearly all open files are told apart by that.
  func mayContain(_ count: Int) -> Bool { lengths.contains(count) }

  func contains(_ path: [UInt8]) -> Bool { paths.contains(path) || earlier.contains(path) }
}
