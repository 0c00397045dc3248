/// Where engines keep their files: those of the machine, and those that a user runs without root.
enum StateHome {
  case system
  /// A user, and the home folder where it is known.
  case user(UInt32, home: String?)
  /// Where an engine that runs says that it keeps them, and who has to own them.
  case other(storage: [String], docker: [String], owner: UInt32?)

  /// Who has to own a file for it to be read.
  var owner: UInt32? {
    switch self {
    case .system: nil
    case .user(let uid, _): uid
    case .other(_, _, let owner): owner
    }
  }

  /// Docker's data (`data-root` of dockerd(8)).
  var docker: [String] {
    switch self {
    case .system: ["/var/lib/docker"]
    case .user(_, let home): Self.below(home, "docker")
    case .other(_, let docker, _): docker
    }
  }

  /// What containers-storage keeps over a boot (`graphroot` of containers-storage.conf(5)).
  var storage: [String] {
    switch self {
    case .system: ["/var/lib/containers/storage"]
    case .user(_, let home): Self.below(home, "containers/storage")
    case .other(let storage, _, _): storage
    }
  }

  /// What containers-storage keeps until the next boot (`runroot`).
  var storageRun: [String] {
    switch self {
    case .system: ["/run/containers/storage"]
    case .user(let uid, _): ["/run/user/\(uid)/containers"]
    case .other: []
    }
  }

  /// containerd's state; k3s and RKE2, k0s and MicroK8s bring one of their own. A user's is bound
  /// to `/run/containerd` within its namespaces (`containerd-rootless.sh` of nerdctl).
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
