/// The programs that start and watch containers.
enum EngineTools {
  /// Command names as the kernel stores them (comm), at most 15 bytes long.
  private static let names: Set<String> = [
    "aardvark-dns", "buildkitd", "catatonit", "conmon", "containerd", "containerd-shim", "crio",
    "crun",
    "docker-init", "docker-proxy", "dockerd", "exe", "fuse-overlayfs", "netavark", "pasta", "pinns",
    "podman", "rootlessport", "runc", "slirp4netns",
  ]

  /// Whether a process with this command name is one of these programs; runc(8) names its stages
  /// `runc:[1:CHILD]`.
  static func contains(_ name: String) -> Bool { names.contains(name) || name.hasPrefix("runc:[") }
}
