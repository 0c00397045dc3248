/// The meaning of one component of the path of a cgroup.
enum PathComponent: Hashable {
  case container(Engine?, id: String)
  /// The processes that systemd-nspawn runs in the container, in a cgroup below the unit of the
  /// container. The id is empty if the parent component denotes the container already.
  case payload(id: String)
  /// A Kubernetes or Podman pod.
  case pod(String)
  case user(UInt32)
  /// A process that runs outside of a container to monitor it, such as conmon(8), in a cgroup beside that of
  /// the container.
  case monitor
  /// A process that monitors the container that the parent component denotes, in a cgroup below that of the
  /// container.
  case monitorOfParent
  case other

  init(_ part: ArraySlice<UInt8>, below above: Ancestors) {
    self =
      Self.monitor(part, above) ?? SystemdMachine.component(part, above)
      ?? LXCName.component(part, above) ?? PodName.component(part, above)
      ?? Self.user(part) ?? OCIName.component(part, above) ?? .other
  }

  /// Recognizes the monitor of LXC, the shim and the virtual machine monitor of Kata Containers, and
  /// conmon(8) of Podman and CRI-O if its cgroup is named after the container.
  private static func monitor(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    for start in ["libpod-conmon-", "crio-conmon-", "lxc.monitor."] where part.hasPrefix(start) {
      return .monitor
    }
    for name in ["lxc.monitor", "kata_overhead"] where part.elementsEqual(name.utf8) {
      return .monitor
    }
    // Earlier versions of Podman, without systemd, ran conmon below the cgroup of its container.
    let isConmon = part.elementsEqual("conmon".utf8) && above.parent.hasPrefix("libpod-")
    return isConmon && above.isContainer ? .monitorOfParent : nil
  }

  /// Recognizes the slice of a user (user@.service(5)). The slice of root is ignored, because root runs
  /// the engines for all users.
  private static func user(_ part: ArraySlice<UInt8>) -> PathComponent? {
    guard let digits = part.between("user-", ".slice"), let uid = Decimal.parse(digits), uid != 0
    else { return nil }
    return .user(uid)
  }
}
