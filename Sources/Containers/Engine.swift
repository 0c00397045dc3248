/// The engine that runs a container, as far as the path of a cgroup shows it.
///
/// Incus and LXD are not listed: both let liblxc create the cgroup, which then looks like one of LXC.
package enum Engine: String, Sendable, Hashable, CaseIterable {
  /// Docker, also rootless.
  case docker
  /// containerd used directly: by Kubernetes, nerdctl or BuildKit's worker.
  case containerd
  /// CRI-O.
  case crio = "cri-o"
  /// Podman, also rootless.
  case podman
  /// LXC; also Incus and LXD, whose cgroups cannot be distinguished from those of LXC.
  case lxc
  /// systemd-nspawn(1).
  case nspawn = "systemd-nspawn"
  /// A machine of systemd-machined.service(8) or libvirt: a container, or the process that runs a
  /// virtual machine.
  case machine
  /// A step of a build by BuildKit.
  case buildkit
  /// A task of Amazon ECS.
  case ecs
}
