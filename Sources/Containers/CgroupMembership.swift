/// The containers and the systemd unit of a process, parsed from the text of `/proc/PID/cgroup`
/// (cgroups(7)).
///
/// The parser trusts the path, but the path proves nothing: anyone who may create cgroups, also a user in
/// a slice of their own, may name one like a container (`CgroupFolders` checks that). The path does not
/// distinguish the infrastructure container of a pod (`pause`) from the pod's other containers. A path
/// that begins with `/..` is relative to a cgroup namespace (cgroup_namespaces(7)): the parser reads the
/// rest of the path, and `/` alone names no container. The text need not be well-formed. Parsing takes
/// time in proportion to its length.
package struct CgroupMembership: Sendable, Hashable {
  /// The containers that the process is in, outermost first. A monitor process such as conmon(8) is not
  /// in the container that it monitors.
  package var containers: [ContainerIdentity]
  /// The innermost unit of systemd, such as `nginx.service` or `docker-<id>.scope`; not a slice.
  package var unit: String?

  /// Reads the text of `/proc/PID/cgroup`, of version 1, 2, or both.
  ///
  /// In version 1 the text has one line for each hierarchy, and an engine may have moved the process in
  /// some of them only. The parser uses the line with the most information, and never combines two lines
  /// that name different containers.
  package init(_ text: [UInt8]) {
    var best = CgroupLine.empty
    for bytes in text.split(separator: UInt8(ascii: "\n")) {
      guard let line = CgroupLine(bytes) else { continue }
      if line.sameContainers(as: best) {
        best.learn(from: line)
      } else if line.hasMoreDetail(than: best) {
        best = line
      }
    }
    containers = best.containers
    unit = best.unit
  }
}
