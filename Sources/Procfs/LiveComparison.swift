internal import CLinux
internal import Glibc
public import NamespaceModel
internal import SystemPackage

/// Compares the namespaces of running processes by what the kernel says of them now.
///
/// Two processes are in one namespace if their links lead to one device and inode
/// (`namespaces(7)`). All the files compared are held open meanwhile, which keeps their namespaces
/// alive: no inode number can change its meaning between the first look and the last.
public struct LiveComparison {
  private let root: ProcRoot
  private var directories: [Opening] = []
  private let initial: [NamespaceType: UInt64]

  /// What one link of one process is.
  public enum Finding: Sendable, Hashable {
    /// It points at this namespace.
    case namespace(Namespace)
    /// The link cannot be read.
    case unread(UnreadReason)
    /// There is no such process.
    case notRunning
    /// There is no such process to be seen; there may be one (`hidepid`).
    case hidden
    /// The process moved at each of several looks.
    case moving
  }

  /// A namespace that is kept alive while it is looked at.
  public struct Namespace: Sendable, Hashable {
    /// Its inode number.
    public let inode: UInt64
    /// The kernel's id; nil where the kernel gives none.
    public let kernelID: UInt64?
    /// Whether the kernel made it at boot; nil when that cannot be told.
    public let isInitial: Bool?
  }

  /// The `ns` directory of a process, or what there is to say without one.
  private enum Opening {
    case directory(Int32)
    case none(Finding)
  }

  private static let attempts = 8

  /// Gives `body` a comparison of `pids`, whose directories are held for as long as it runs.
  public static func with<T>(
    _ pids: [Int32], root: ProcRoot, _ body: (LiveComparison) throws(ProcfsError) -> T
  ) throws(ProcfsError) -> T {
    var comparison = LiveComparison(root: root)
    defer {
      for case .directory(let directory) in comparison.directories { close(directory) }
    }
    let mayHide = root.hidePID.map { $0.rawValue >= HidePID.invisible.rawValue } ?? true
    for pid in pids {
      let directory = openat(root.descriptor, "\(pid)/ns", CLINUX_O_PATH_DIRECTORY)
      if directory >= 0 {
        comparison.directories.append(.directory(directory))
        continue
      }
      let errno = Errno.last
      guard errno.isGone || errno.isDenied else {
        throw ProcfsError(
          operation: "open", path: "\(root.path)/\(pid)/ns", cause: .system(errno))
      }
      comparison.directories.append(
        .none(errno.isDenied ? .unread(.denied) : mayHide ? .hidden : .notRunning))
    }
    return try body(comparison)
  }

  private init(root: ProcRoot) {
    self.root = root
    initial = root.kthreaddInodes()
  }

  /// The name and start of each process, in the order of the PIDs; nil for one that is not there.
  public func processes(_ pids: [Int32]) throws(ProcfsError) -> [LiveProcess?] {
    var found: [LiveProcess?] = []
    for (pid, directory) in zip(pids, directories) {
      guard case .directory(let directory) = directory,
        let facts = try FactsReader.facts(pid, in: directory, root: root)
      else {
        found.append(nil)
        continue
      }
      found.append(
        LiveProcess(
          facts: facts, description: FactsReader.description(in: directory),
          threadOf: FactsReader.processOfThread(pid, in: directory)))
    }
    return found
  }

  /// What the link of each process is: all of it true at one moment.
  public func findings(_ type: NamespaceType) -> [Finding] {
    var findings: [Finding] = []
    for _ in 0..<Self.attempts {
      var files: [Int32] = []
      defer { for file in files { close(file) } }
      findings = directories.map { look(type, in: $0, keeping: &files) }
      var discarded: [Int32] = []
      let again = directories.map { look(type, in: $0, keeping: &discarded) }
      for file in discarded { close(file) }
      if again == findings { return findings }
    }
    return findings.map { finding in
      if case .namespace = finding { .moving } else { finding }
    }
  }

  private func look(
    _ type: NamespaceType, in opening: Opening, keeping files: inout [Int32]
  ) -> Finding {
    let directory: Int32
    switch opening {
    case .none(let finding): return finding
    case .directory(let opened): directory = opened
    }
    let file = openat(directory, type.name, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return explain(Errno.last, type, in: directory) }
    files.append(file)
    var status = stat()
    guard fstat(file, &status) == 0 else { return explain(Errno.last, type, in: directory) }
    var id: UInt64 = 0
    let hasID = clinux_namespace_id(file, &id) == 0
    let inode = UInt64(status.st_ino)
    return .namespace(
      Namespace(
        inode: inode, kernelID: hasID ? id : nil,
        isInitial: InitialNamespace.isInitial(
          type, inode, hasKernelID: hasID, varying: initial)))
  }

  private func explain(_ errno: Errno, _ type: NamespaceType, in directory: Int32) -> Finding {
    guard FactsReader.exists(in: directory) else { return .notRunning }
    if errno.isDenied { return .unread(.denied) }
    return root.ownLinks().contains(type.link)
      ? .unread(.zombie) : .unread(.unsupported)
  }
}

/// Who a running process is.
public struct LiveProcess: Sendable, Hashable {
  /// What never changes.
  public let facts: ProcessFacts
  /// What may.
  public let description: ProcessDescription
  /// The process that it is a thread of; nil when it is a process.
  public let threadOf: Int32?
}
