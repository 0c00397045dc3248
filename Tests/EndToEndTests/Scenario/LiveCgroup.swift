// A control group (cgroup) on the live system, with a path as a container engine gives it.

import Foundation
import TestSupport

final class LiveCgroup {
  private let folders: [String]
  private var path: String { folders[folders.count - 1] }

  /// The folder in which groups of version 2 can be made.
  private static let root: String? = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first {
    FileManager.default.fileExists(atPath: $0 + "/cgroup.procs")
  }

  static let isPermitted: Bool = {
    guard geteuid() == 0, let root else { return false }
    let trial = "\(root)/nshist-trial-\(getpid())"
    guard mkdir(trial, 0o755) == 0 else { return false }
    return rmdir(trial) == 0
  }()

  static let need = "needs root, and cgroups of version 2 that may be made"

  /// Makes the group and the groups above it.
  ///
  /// - Parameter names: the names of the groups, from the outermost to the innermost.
  init(_ names: String...) throws {
    var path = Self.root ?? ""
    folders = names.map { name in
      path += "/\(name)"
      return path
    }
    for folder in folders where mkdir(folder, 0o755) != 0 && errno != EEXIST {
      throw NeverHappened(what: "\(folder): \(String(cString: strerror(errno)))")
    }
    ProcessOwner.own(self)
  }

  /// Returns a command that runs another one in this group.
  func run(_ command: String) -> [String] {
    ["/bin/sh", "-c", "echo $$ > '\(path)/cgroup.procs' && exec \(command)"]
  }

  /// Returns a command that runs another one in the group of a process.
  static func run(_ command: String, inGroupOf pid: Int32) throws -> [String] {
    let lines = try String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)
    guard let line = lines.split(separator: "\n").first(where: { $0.hasPrefix("0::") }), let root
    else { throw NeverHappened(what: "a cgroup of version 2: \(lines)") }
    return [
      "/bin/sh", "-c", "echo $$ > '\(root)\(line.dropFirst(3))/cgroup.procs' && exec \(command)",
    ]
  }

  /// Moves a process into this group.
  func add(_ pid: Int32) throws {
    try "\(pid)".write(toFile: path + "/cgroup.procs", atomically: false, encoding: .utf8)
  }

  /// Makes a user the owner of the parent group.
  func give(to user: UInt32) throws {
    guard chown(folders[folders.count - 2], user, user) == 0 else {
      throw NeverHappened(what: "chown: \(String(cString: strerror(errno)))")
    }
  }

  deinit {
    // A group in which another test has made groups stays.
    for folder in folders.reversed() {
      for _ in 0..<100 where rmdir(folder) != 0 && errno == EBUSY { usleep(20_000) }
    }
  }
}
