/// What runs a container, as far as the path of a cgroup can say it.
///
/// Incus and LXD are not here: both let liblxc make the cgroup, and it looks the same.
package enum Engine: String, Sendable, Hashable, CaseIterable {
  /// Docker, also without root.
  case docker
  /// containerd used directly: by Kubernetes, nerdctl or BuildKit's worker.
  case containerd
  /// CRI-O.
  case crio = "cri-o"
  /// Podman, also without root.
  case podman
  /// LXC; also Incus and LXD, which cannot be told apart from it.
  case lxc
  /// systemd-nspawn(1).
  case nspawn = "systemd-nspawn"
  /// A machine of systemd-machined.service(8) or libvirt: a container, or what runs a virtual one.
  case machine
  /// A step of a build by BuildKit.
  case buildkit
  /// A task of Amazon ECS.
  case ecs
}
