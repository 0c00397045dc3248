/// The folders in which engines store their files, called state folders: those of the system, those of a user who runs
/// an engine without root, or others.
enum StateHome {
  case system
  /// The folders of a user, whose home folder is nil if it is not known.
  case user(UInt32, home: String?)
  /// The folders that the arguments or the configuration of a running engine name, and the user who has to own
  /// the files.
  case other(storage: [String], docker: [String], owner: UInt32?)

  /// The user who has to own a file; a file of another user is not read. Nil allows any owner.
  var owner: UInt32? {
    switch self {
    case .system: nil
    case .user(let uid, _): uid
    case .other(_, _, let owner): owner
    }
  }

  /// The data folders of Docker (`data-root` of dockerd(8)).
  var docker: [String] {
    switch self {
    case .system: ["/var/lib/docker"]
    case .user(_, let home): Self.below(home, "docker")
    case .other(_, let docker, _): docker
    }
  }

  /// The folders of containers-storage that persist across boots (`graphroot` of
  /// containers-storage.conf(5)).
  var storage: [String] {
    switch self {
    case .system: ["/var/lib/containers/storage"]
    case .user(_, let home): Self.below(home, "containers/storage")
    case .other(let storage, _, _): storage
    }
  }

  /// The folders of containers-storage that last until the next boot (`runroot`).
  var storageRun: [String] {
    switch self {
    case .system: ["/run/containers/storage"]
    case .user(let uid, _): ["/run/user/\(uid)/containers"]
    case .other: []
    }
  }

  /// The state folders of containerd; k3s, RKE2, k0s and MicroK8s have their own. A user's folder is
  /// bind-mounted on `/run/containerd` within the namespaces of the user's containerd
  /// (`containerd-rootless.sh` of nerdctl).
  var containerd: [String] {
    switch self {
    case .system:
      [
        "/run/containerd", "/run/k3s/containerd", "/run/k0s/containerd",
        "/var/snap/microk8s/common/run/containerd",
      ]
    case .user(let uid, _): ["/run/user/\(uid)/containerd"]
    case .other: []
    }
  }

  private static func below(_ home: String?, _ name: String) -> [String] {
    home.map { ["\($0)/.local/share/\(name)"] } ?? []
  }
}
