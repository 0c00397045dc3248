// Runs containers of podman(1), with a root file system of one static program.

import Foundation
import TestSupport

final class Podman {
  private static let path = "/usr/bin/podman"
  private let folder: TemporaryFolder
  private let root: String
  private var names: [String] = []

  static let need = "needs root, and podman and busybox that can run a container here"

  /// Whether podman can run a container here, which a sandbox may forbid.
  static let runs: Bool = {
    guard geteuid() == 0,
      [path, "/bin/busybox"].allSatisfy(FileManager.default.isExecutableFile)
    else { return false }
    do {
      let podman = try Podman()
      _ = try podman.start("nshist-trial-\(getpid())")
      return true
    } catch { return false }
  }()

  init() throws {
    folder = try TemporaryFolder()
    root = try Containers.makeRoot(in: folder)
    // A sandbox may forbid root to raise resource limits.
    try Data("[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n".utf8)
      .write(to: URL(fileURLWithPath: folder.file("containers.conf")))
    ProcessOwner.own(self)
  }

  deinit { for name in names.reversed() { _ = try? run("rm", "--force", "--time", "0", name) } }

  private func run(_ arguments: String...) throws -> String { try run(arguments) }

  private func run(_ arguments: [String]) throws -> String {
    // conmon, which monitors the container, would inherit the descriptors whose close reports the end of the command.
    let script = """
      ( for file in /proc/$BASHPID/fd/*; do
          file=${file##*/}; [ "$file" -gt 2 ] && eval "exec $file>&-"
        done 2>/dev/null
        exec "$@" )
      """
    let outcome = try Command.run(
      "/bin/bash",
      ["-c", script, "bash", Self.path, "--cgroup-manager", "cgroupfs"] + arguments,
      environment: ["CONTAINERS_CONF": folder.file("containers.conf")])
    guard outcome.status == 0 else { throw NeverHappened(what: outcome.messages) }
    return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Runs a command in a container to its end, and returns what it prints.
  func exec(_ name: String, _ command: String...) throws -> String {
    try run(["exec", name] + command)
  }

  /// Ends and removes a container.
  func remove(_ name: String) throws {
    _ = try run("rm", "--force", "--time", "0", name)
    names.removeAll { $0 == name }
  }

  /// Starts a container that sleeps. Returns its ID, and the PID of its first process.
  func start(_ name: String, network: String = "none") throws -> (id: String, pid: Int32) {
    names.append(name)
    let id = try run(
      "run", "--detach", "--name", name, "--network", network, "--rootfs", root, "/bin/sleep",
      "300")
    let pid = try run("inspect", "--format", "{{.State.Pid}}", name)
    guard let pid = Int32(pid) else { throw NeverHappened(what: "a PID: \(pid)") }
    return (id, pid)
  }
}
