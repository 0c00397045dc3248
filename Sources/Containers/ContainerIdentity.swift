/// One container, as the path of a cgroup names it.
package struct ContainerIdentity: Sendable, Hashable {
  /// What runs it; nil where the path does not say, as in `/kubepods/burstable/pod<uid>/<id>`.
  package var engine: Engine?
  /// 64 hexadecimal digits for Docker, containerd, CRI-O and Podman; the name for LXC,
  /// systemd-nspawn and machines; 25 letters and digits for BuildKit.
  ///
  /// A name of LXC is what liblxc was given. Incus and LXD tell it `project_name` for a container
  /// outside of their default project, and liblxc appends `-1` where a cgroup of that name is
  /// there already: neither can be told from a name that happens to look like it.
  package var id: String
  /// The pod it is in: the UID of a Kubernetes pod, with dashes (a static pod's, 32 hexadecimal
  /// digits, has none), or the 64 hexadecimal digits of a Podman pod.
  package var pod: String?
  /// The user in whose slice it runs (`user-1000.slice` of systemd.special(7)): who runs an engine
  /// without root. Nil for root, and for a container inside another.
  package var user: UInt32?
  /// Whether only root can have made its cgroup; nil where that is not known. Whoever may make cgroups
  /// may name one like a container of root's.
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
