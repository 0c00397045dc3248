/// What one component of the path of a cgroup stands for.
enum PathComponent: Hashable {
  case container(Engine?, id: String)
  /// What systemd-nspawn runs, below the unit for it.
  case payload(id: String)
  /// A Kubernetes or Podman pod.
  case pod(String)
  case user(UInt32)
  /// Who watches a container, beside it.
  case watcher
  /// Who watches the container right above.
  case watcherOfLast
  case other

  init(_ part: ArraySlice<UInt8>, below above: Ancestors) {
    self =
      Self.watcher(part, above) ?? SystemdMachine.component(part, above)
      ?? LXCName.component(part, above) ?? PodName.component(part, above)
      ?? Self.user(part) ?? OCIName.component(part, above) ?? .other
  }

  /// The monitor of LXC, and the shim and the virtual machine monitor of Kata Containers; conmon(8)
  /// of Podman and CRI-O where it has a cgroup named after the container.
  private static func watcher(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    for start in ["libpod-conmon-", "crio-conmon-", "lxc.monitor."] where part.hasPrefix(start) {
      return .watcher
    }
    for name in ["lxc.monitor", "kata_overhead"] where part.elementsEqual(name.utf8) {
      return .watcher
    }
    // Podman once had conmon below the cgroup of its container, without systemd.
    let isConmon = part.elementsEqual("conmon".utf8) && above.parent.hasPrefix("libpod-")
    return isConmon && above.isContainer ? .watcherOfLast : nil
  }

  /// The slice of a user (user@.service(5)). Root's says nothing: root runs everybody's engine.
  private static func user(_ part: ArraySlice<UInt8>) -> PathComponent? {
    guard let digits = part.between("user-", ".slice"), let uid = Decimal.parse(digits), uid != 0
    else { return nil }
    return .user(uid)
  }
}
