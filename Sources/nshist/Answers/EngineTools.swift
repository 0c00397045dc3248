/// The programs that start and watch containers.
enum EngineTools {
  /// Names as the kernel has them, at most 15 bytes long.
  private static let names: Set<String> = [
    "aardvark-dns", "buildkitd", "catatonit", "conmon", "containerd", "containerd-shim", "crio",
    "crun",
    "docker-init", "docker-proxy", "dockerd", "exe", "fuse-overlayfs", "netavark", "pasta", "pinns",
    "podman", "rootlessport", "runc", "slirp4netns",
  ]

  /// Whether a process of this name is one of them; runc(8) calls its steps `runc:[1:CHILD]`.
  static func contains(_ name: String) -> Bool { names.contains(name) || name.hasPrefix("runc:[") }
}
