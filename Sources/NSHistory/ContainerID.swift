/// Finds the id of a container in the path of a cgroup: 64 hexadecimal digits, as Docker, containerd,
/// CRI-O and Podman write it.
enum ContainerID {
  private static let length = 64

  /// The id of the innermost container that a `/proc/PID/cgroup` names; nil when it names none. Who
  /// watches a container (conmon(8)) is not in it.
  static func inside(_ cgroup: String) -> String? {
    for part in cgroup.utf8.split(separator: UInt8(ascii: "/")).reversed() {
      let isMonitor =
        part.starts(with: "libpod-conmon-".utf8)
        || part.starts(with: "crio-conmon-".utf8)
      if !isMonitor, let id = id(in: part) { return id }
    }
    return nil
  }

  private static func id(in part: Substring.UTF8View) -> String? {
    for run in part.split(whereSeparator: { !isHexadecimal($0) }) where run.count == length {
      return String(Substring(run))
    }
    return nil
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }
}
