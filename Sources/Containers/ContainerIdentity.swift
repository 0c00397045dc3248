/// A container, as identified by the path of a cgroup.
package struct ContainerIdentity: Sendable, Hashable {
  /// The engine that runs the container; nil if the path does not show it, as in
  /// `/kubepods/burstable/pod<uid>/<id>`.
  package var engine: Engine?
  /// The id: 64 hexadecimal digits for Docker, containerd, CRI-O and Podman; the name for LXC,
  /// systemd-nspawn and machines; 25 letters and digits for BuildKit.
  ///
  /// The name of an LXC container is the one in its cgroup. Incus and LXD give liblxc the name
  /// `project_name` for a container outside of their default project, and liblxc appends `-1` if a cgroup
  /// of that name exists already. Neither form can be distinguished from a name that happens to look like
  /// it.
  package var id: String
  /// The pod of the container: the UID of a Kubernetes pod, with dashes (that of a static pod is 32
  /// hexadecimal digits without dashes), or the 64 hexadecimal digits of a Podman pod.
  package var pod: String?
  /// The user in whose slice the container runs (`user-1000.slice` of systemd.special(7)), which is the
  /// user who runs a rootless engine. Nil for root, and for a container inside another.
  package var user: UInt32?
  /// Whether only root can have created the cgroup of the container; nil if that is not known. A user
  /// who may create cgroups can give one the name of a container of root.
  package var isMadeByRoot: Bool?

  /// A container with these values.
  package init(
    engine: Engine?, id: String, pod: String? = nil, user: UInt32? = nil,
    isMadeByRoot: Bool? = nil
  ) {
    self.engine = engine
    self.id = id
    self.pod = pod
    self.user = user
    self.isMadeByRoot = isMadeByRoot
  }
}
