internal import Foundation

/// A folder in the form of `/proc`, for situations that a test cannot produce with live processes.
public final class FakeProc {
  /// The path of the folder, for `--proc-root`.
  public let path: String
  private let folder: TemporaryFolder

  /// The links that a process has by default: the inode number by the name of the link.
  public static let hostLinks: [String: UInt64] = [
    "cgroup": 4_026_531_835, "ipc": 4_026_531_839, "mnt": 4_026_531_840, "net": 4_026_531_999,
    "pid": 4_026_531_836, "pid_for_children": 4_026_531_836, "time": 4_026_531_834,
    "time_for_children": 4_026_531_834, "user": 4_026_531_837, "uts": 4_026_531_838,
  ]

  /// Makes a folder without processes, with the ID of the boot.
  public init(boot: String = "00000000-0000-4000-8000-000000000001") throws {
    folder = try TemporaryFolder()
    path = folder.path
    try write("sys/kernel/random/boot_id", boot + "\n")
  }

  /// Writes a file, and the folders above it.
  public func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  /// Writes a file of these bytes, and the folders above it.
  public func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Adds a process. `links` replace the default links of the same name.
  public func add(
    _ pid: Int, comm: [UInt8] = Array("sleep".utf8), start: UInt64 = 100, parent: Int = 1,
    flags: UInt32 = 0x40_0000, uid: UInt32 = 0, links: [String: UInt64] = [:]
  ) throws {
    try lay("\(pid)", pid, comm: comm, start: start, parent: parent, flags: flags, uid: uid)
    try setLinks(pid, Self.hostLinks.merging(links) { $1 })
  }

  private func lay(
    _ folder: String, _ number: Int, comm: [UInt8], start: UInt64, parent: Int = 1,
    flags: UInt32 = 0x40_0000, uid: UInt32 = 0
  ) throws {
    var stat = Array("\(number) (".utf8) + comm
    stat += Array(
      ") S \(parent) 1 1 0 -1 \(flags) 0 0 0 0 0 0 0 0 20 0 1 0 \(start) 0 0 0\n".utf8)
    try write("\(folder)/stat", stat)
    try write(
      "\(folder)/status",
      "Name:\tx\nUid:\t\(uid)\t\(uid)\t\(uid)\t\(uid)\nNSpid:\t\(number)\n")
    try write("\(folder)/cgroup", "0::/\n")
  }

  /// Adds a thread to a process. `links` replace the default links of the same name.
  public func addThread(
    _ tid: Int, of pid: Int, comm: [UInt8] = Array("worker".utf8), start: UInt64 = 100,
    links: [String: UInt64] = [:]
  ) throws {
    // The folder task/ of a process holds its main thread too.
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(pid)/task/\(pid)", withIntermediateDirectories: true)
    try lay("\(pid)/task/\(tid)", tid, comm: comm, start: start)
    try setLinks(tid, of: pid, Self.hostLinks.merging(links) { $1 })
  }

  /// Replaces the links of these names of a process, or of a thread of it.
  public func setLinks(
    _ number: Int, of pid: Int? = nil, _ links: [String: UInt64]
  ) throws {
    let ns = "\(path)/\(folder(number, of: pid))/ns"
    try FileManager.default.createDirectory(atPath: ns, withIntermediateDirectories: true)
    for (name, inode) in links {
      let type = name.replacingOccurrences(of: "_for_children", with: "")
      try? FileManager.default.removeItem(atPath: "\(ns)/\(name)")
      try FileManager.default.createSymbolicLink(
        atPath: "\(ns)/\(name)", withDestinationPath: "\(type):[\(inode)]")
    }
  }

  private func folder(_ number: Int, of pid: Int?) -> String {
    pid.map { "\($0)/task/\(number)" } ?? "\(number)"
  }

  /// Replaces a link of a process, or of a thread of it, by one whose target is no namespace.
  public func breakLink(_ number: Int, of pid: Int? = nil, _ name: String) throws {
    try removeLinks(number, of: pid, [name])
    try FileManager.default.createSymbolicLink(
      atPath: "\(path)/\(folder(number, of: pid))/ns/\(name)", withDestinationPath: "nothing")
  }

  /// Removes links of a process, or of a thread of it.
  public func removeLinks(_ number: Int, of pid: Int? = nil, _ names: [String]) throws {
    for name in names {
      try FileManager.default.removeItem(
        atPath: "\(path)/\(folder(number, of: pid))/ns/\(name)")
    }
  }

  /// Removes the links that the kernel removes when the main thread of a process exits: all but `pid` and `user`.
  public func exit(_ pid: Int) throws {
    try removeLinks(pid, Self.hostLinks.keys.filter { $0 != "pid" && $0 != "user" })
  }

  /// Removes a process, or a thread of it.
  public func remove(_ number: Int, of pid: Int? = nil) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(folder(number, of: pid))")
  }
}
