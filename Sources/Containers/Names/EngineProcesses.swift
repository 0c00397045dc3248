/// The storage directories that running engine processes name in their arguments, for engines configured
/// to store their files elsewhere (`podman --root`, `data-root` of dockerd(8)).
///
/// Any user can run a program with any arguments. So a lookup trusts only processes of the user who owns
/// the container; for root's containers, only root's processes.
struct EngineProcesses {
  /// The arguments of a process of conmon(8), which monitors one container for Podman or CRI-O.
  struct Monitor {
    let user: UInt32
    let name: String?
    /// The storage directories of the engine.
    let storage: [String]
  }

  private(set) var monitors: [String: [Monitor]] = [:]
  /// The data directories of Docker, with the user whose dockerd process or configuration names them.
  private(set) var docker: [(user: UInt32, folder: String)] = []

  /// Reads the engine processes of the machine with this root directory.
  init(_ root: StateRoot) {
    for pid in root.numbers(in: "/proc") {
      guard let comm = root.read("/proc/\(pid)/comm") else { continue }
      let name = String(decoding: comm.prefix { $0 != 0x0A }, as: UTF8.self)
      guard name == "conmon" || name == "dockerd",
        let (text, user) = root.readWithOwner("/proc/\(pid)/cmdline")
      else { continue }
      let words = text.split(separator: 0, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      if name == "conmon" {
        add(monitor: words, of: user)
      } else if let folder = Self.value(of: ["--data-root", "-g", "--graph"], in: words) {
        docker.append((user, folder))
      }
    }
    // dockerd(8) uses `daemon.json` for settings that its arguments do not give.
    let configured: DockerDaemon? = root.read("/etc/docker/daemon.json", owner: 0)
      .flatMap(EngineJSON.decode)
    if let folder = configured?.dataRoot { docker.append((0, folder)) }
  }

  private mutating func add(monitor words: [String], of user: UInt32) {
    guard let id = Self.value(of: ["-c", "--cid"], in: words), HexID.isID(id) else { return }
    // The arguments with which conmon(8) will call podman(1) when the container exits.
    let later = words.indices.filter { words[$0] == "--exit-command-arg" && $0 + 1 < words.count }
      .map { words[$0 + 1] }
    let storage = ["--root", "--runroot"].compactMap { Self.value(of: [$0], in: later) }
    monitors[id, default: []].append(
      Monitor(
        user: user, name: Self.value(of: ["-n", "--name"], in: words), storage: storage))
  }

  /// Returns the value of an option: the argument after it, or the text after its `=`.
  private static func value(of options: [String], in words: [String]) -> String? {
    for (index, word) in words.enumerated() {
      if options.contains(word), index + 1 < words.count { return words[index + 1] }
      for option in options where option.hasPrefix("--") && word.hasPrefix(option + "=") {
        return String(word.dropFirst(option.count + 1))
      }
    }
    return nil
  }
}

/// The part of Docker's `daemon.json` that says where its files are.
private struct DockerDaemon: Decodable {
  let dataRoot: String?

  private enum CodingKeys: String, CodingKey {
    case dataRoot = "data-root"
  }
}
