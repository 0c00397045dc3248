// Runs containers by runc and bwrap, with a root file system of one static program.

import NamespaceModel
import Foundation
import TestSupport

enum Containers {
  private static let busybox = "/bin/busybox"
  static let bwrap = "/usr/bin/bwrap"
  private static let unshare = "/usr/bin/unshare"
  private static let runc = "/usr/sbin/runc"

  private static func areThere(_ programs: String...) -> Bool {
    geteuid() == 0 && programs.allSatisfy(FileManager.default.isExecutableFile)
  }

  static let runcIsThere = areThere(runc, busybox, unshare)
  static let runcNeed = "needs root, runc, busybox and unshare"
  static let bwrapIsThere = areThere(bwrap, busybox)
  static let bwrapNeed = "needs root, bwrap and busybox"

  /// Makes the root file system, and returns its path.
  static func makeRoot(in folder: TemporaryFolder) throws -> String {
    let root = folder.file("rootfs")
    let files = FileManager.default
    try files.createDirectory(atPath: root + "/bin", withIntermediateDirectories: true)
    try files.copyItem(atPath: busybox, toPath: root + "/bin/busybox")
    try files.createSymbolicLink(atPath: root + "/bin/sleep", withDestinationPath: "busybox")
    return root
  }

  /// Makes an OCI bundle whose first process sleeps, with new namespaces of every usual type.
  ///
  /// - Parameter isPod: whether to prepare a second bundle, which shares the network of the first.
  static func makeBundle(in folder: TemporaryFolder, isPod: Bool = false) throws {
    let root = try makeRoot(in: folder)
    let path = folder.file("config.json")
    _ = try Command.run(runc, ["spec", "--rootless", "--bundle", folder.path])
    let text = try Data(contentsOf: URL(fileURLWithPath: path))
    var config = try JSONSerialization.jsonObject(with: text) as? [String: Any] ?? [:]
    var process = config["process"] as? [String: Any] ?? [:]
    process["terminal"] = false
    process["args"] = ["/bin/sleep", "60"]
    config["process"] = process
    config["root"] = ["path": root, "readonly": true]
    var linux = config["linux"] as? [String: Any] ?? [:]
    let spaces = linux["namespaces"] as? [[String: String]] ?? []
    linux["namespaces"] = spaces + [["type": "network"]]
    config["linux"] = linux
    try JSONSerialization.data(withJSONObject: config).write(to: URL(fileURLWithPath: path))
    guard isPod else { return }
    linux["namespaces"] = spaces + [["type": "network", "path": "NETWORK"]]
    config["linux"] = linux
    try FileManager.default.createDirectory(
      atPath: folder.file("other"), withIntermediateDirectories: true)
    try JSONSerialization.data(withJSONObject: config, options: .withoutEscapingSlashes)
      .write(to: URL(fileURLWithPath: folder.file("other/pod.json")))
  }

  /// A step in the life of a container, with its wall-clock time.
  struct Step {
    let name: String
    let time: WallTime
    let pid: Int32?
  }

  /// Runs a container, executes a program in it, and ends it.
  ///
  /// Everything runs in a user namespace, in which runc does not manage devices, and in a mount namespace.
  static func play(in folder: TemporaryFolder) throws -> [Step] {
    try play(
      """
      say starting
      do_ run -d --pid-file first box || exit 1
      say started $(cat first)
      sleep 0.3
      say executing
      do_ exec --pid-file second box /bin/sleep 0.1 || exit 1
      say executed $(cat second)
      sleep 0.3
      say ending
      do_ kill box KILL || exit 1
      while do_ state box && [ -e /proc/$(cat first)/ns/net ]; do sleep 0.01; done 2>/dev/null
      do_ delete --force box
      say ended
      """, in: folder)
  }

  /// Runs two containers that share a network, as those of a pod do.
  static func playPod(in folder: TemporaryFolder) throws -> [Step] {
    try play(
      """
      do_ run -d --pid-file first one || exit 1
      say first $(cat first)
      sed "s#NETWORK#/proc/$(cat first)/ns/net#" other/pod.json > other/config.json
      do_ run -d --bundle other --pid-file second two || exit 1
      say second $(cat second)
      sleep 0.5
      say ending
      for box in one two; do do_ kill $box KILL; done
      while [ -e /proc/$(cat first)/ns/net ] || [ -e /proc/$(cat second)/ns/net ]; do
        sleep 0.01
      done 2>/dev/null
      for box in one two; do do_ delete --force $box; done
      """, in: folder)
  }

  private static func play(_ steps: String, in folder: TemporaryFolder) throws -> [Step] {
    let script = """
      say() { echo "$1 $(date +%s%N) $2"; }
      cd "$0"
      do_() { \(runc) --root "$0/state" "$@" </dev/null >/dev/null; }
      \(steps)
      """
    let outcome = try Command.run(
      unshare, ["--user", "--map-root-user", "--mount", "/bin/sh", "-c", script, folder.path])
    guard outcome.status == 0 else { throw NeverHappened(what: outcome.messages) }
    return outcome.output.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return Step(
        name: String(words[0]), time: WallTime(nanoseconds: Int64(words[1]) ?? 0),
        pid: words.count > 2 ? Int32(words[2]) : nil)
    }
  }
}
