/// What the text of `/proc/PID/cgroup` says of where a process is: in which containers, and in
/// which unit of systemd (cgroups(7)).
///
/// It says what the path says. Whoever may make cgroups, also a user in a slice of their own, may
/// name one like a container; and the container that only holds a pod together (`pause`) has the
/// same form as the others. What begins with `/..` is seen from within a cgroup namespace
/// (cgroup_namespaces(7)): what is left of the path is read, and `/` alone says nothing.
///
/// The text may hold anything. Reading it takes time in proportion to its length.
package struct CgroupPlace: Sendable, Hashable {
  /// The containers, the outermost first. A process that only watches one, such as conmon(8), is
  /// not in it.
  package var containers: [ContainerIdentity]
  /// The innermost unit of systemd, such as `nginx.service` or `docker-<id>.scope`; not a slice.
  package var unit: String?

  /// Reads the text of `/proc/PID/cgroup`, of version 1, 2, or both.
  ///
  /// On a machine with version 1 there is a line for each hierarchy, and an engine may have moved
  /// the process in some of them only. The line that says the most is taken, never parts of two
  /// that name different containers.
  package init(_ text: [UInt8]) {
    var best = CgroupLine.empty
    for bytes in text.split(separator: UInt8(ascii: "\n")) {
      guard let line = CgroupLine(bytes) else { continue }
      if line.sameContainers(as: best) {
        best.learn(from: line)
      } else if line.saysMore(than: best) {
        best = line
      }
    }
    containers = best.containers
    unit = best.unit
  }
}
