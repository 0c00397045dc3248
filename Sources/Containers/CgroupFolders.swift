internal import Glibc

/// The mounted cgroup directories of this machine. Anyone who may create cgroups can give one a name like that of a
/// container. The owner of the directory shows whether only root can have created it (cgroups(7), delegation).
package struct CgroupFolders: Sendable {
  /// A cgroup hierarchy that is mounted at its root.
  private struct Hierarchy {
    /// The mount options of a version 1 hierarchy, among them its controllers or its name; nil in
    /// version 2.
    let options: Set<[UInt8]>?
    let path: [UInt8]
  }

  private let hierarchies: [Hierarchy]

  /// The result of a check: the users who can have created the cgroup of a container.
  package struct Verdict: Sendable, Hashable {
    /// Whether only root can have created the container's cgroup; nil if the owner could not be read.
    package let isMadeByRoot: Bool?
    /// The user who could have created it instead of root; nil if there is none, or if that is not
    /// known.
    package let user: UInt32?
  }

  /// Parses the cgroup mounts of a table like `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).
  package init(mountinfo: [UInt8]) {
    var found: [Hierarchy] = []
    for line in mountinfo.split(separator: 0x0A) {
      // A line looks like: 36 35 0:33 /root /mount-point rw,noatime shared:1 - cgroup2 source options
      let fields = line.split(separator: 0x20)
      guard let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), dash > 5,
        fields.count > dash + 3, fields[3].elementsEqual("/".utf8)
      else { continue }
      // The kernel escapes blanks in a mount point. They are not decoded, because no system mounts cgroups on such a
      // path.
      if fields[dash + 1].elementsEqual("cgroup2".utf8) {
        found.append(Hierarchy(options: nil, path: Array(fields[4])))
      } else if fields[dash + 1].elementsEqual("cgroup".utf8) {
        let options = fields[dash + 3].split(separator: UInt8(ascii: ",")).map(Array.init)
        found.append(Hierarchy(options: Set(options), path: Array(fields[4])))
      }
    }
    hierarchies = found
  }

  /// Reads the cgroup mounts of this process; there are none if the mount table cannot be read.
  package static func current() -> CgroupFolders {
    guard let root = StateRoot.current, let table = root.read("/proc/self/mountinfo") else {
      return CgroupFolders(mountinfo: [])
    }
    return CgroupFolders(mountinfo: table)
  }

  /// Returns who can have created the outermost container that the text of a `/proc/PID/cgroup` names.
  package func verdict(on text: [UInt8]) -> Verdict {
    var isMadeByRoot: Bool?
    for bytes in text.split(separator: UInt8(ascii: "\n")) {
      guard let line = CgroupLine(bytes), let path = line.outermost else { continue }
      if let user = line.delegate { return Verdict(isMadeByRoot: false, user: user) }
      // A path that begins with `/..` is relative to a cgroup namespace: its ancestors are unknown.
      guard !path.starts(with: "/..".utf8), let folder = folder(of: line, path) else { continue }
      // In version 1 the owner of a directory may rename its subdirectories, so the parent's owner
      // counts too.
      let above = folder[..<(folder.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
      for directory in [folder[...], above] {
        switch Self.owner(of: directory) {
        case 0?: isMadeByRoot = isMadeByRoot ?? true
        case let user?: return Verdict(isMadeByRoot: false, user: user)
        case nil: break
        }
      }
    }
    return Verdict(isMadeByRoot: isMadeByRoot, user: nil)
  }

  private func folder(of line: CgroupLine, _ path: ArraySlice<UInt8>) -> [UInt8]? {
    let hierarchy = hierarchies.first { one in
      guard let options = one.options else { return line.controllers.isEmpty }
      return !line.controllers.isEmpty
        && line.controllers.allSatisfy { options.contains(Array($0)) }
    }
    return hierarchy.map { $0.path + path }
  }

  private static func owner(of path: ArraySlice<UInt8>) -> UInt32? {
    guard let path = String(validating: path, as: UTF8.self), !path.utf8.contains(0) else {
      return nil
    }
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_uid : nil
  }
}
