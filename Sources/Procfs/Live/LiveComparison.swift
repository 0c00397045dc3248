internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Compares the namespaces that the kernel shows for running processes now.
///
/// Two processes are in one namespace if their links in `/proc/PID/ns` lead to one device and inode
/// (`namespaces(7)`). The comparison holds all compared files open, which keeps their namespaces alive: the kernel
/// cannot reuse an inode number between the first read and the last.
package struct LiveComparison {
  private let pids: [Int32]
  private let root: ProcRoot
  private let supported: Set<NamespaceLink>
  private var directories: [Opening] = []
  private let initial: [NamespaceType: UInt64]

  /// The result of reading one link of one process.
  package enum Finding: Sendable, Hashable {
    /// The link points to this namespace.
    case namespace(Namespace)
    /// The link cannot be read.
    case unread(UnreadReason)
    /// There is no such process.
    case notRunning
    /// No such process is visible, but `hidepid` may hide one.
    case hidden
    /// The process changed the namespace during every attempt to read it.
    case moving
  }

  /// A namespace that an open file keeps alive during the comparison.
  package struct Namespace: Sendable, Hashable {
    /// The inode number of the namespace.
    package let inode: UInt64
    /// The kernel's id of the namespace; nil if the kernel reports none.
    package let kernelID: UInt64?
    /// Whether the kernel created the namespace at boot; nil if that cannot be determined.
    package let isInitial: Bool?
  }

  /// The open `ns` directory of a process, or the finding for a process that has none.
  private enum Opening {
    case directory(Int32)
    case none(Finding)
  }

  private static let attempts = 8

  /// Calls `body` with a comparison of `pids`, and holds their `ns` directories open until `body`
  /// returns.
  package static func with<T>(
    _ pids: [Int32], root: ProcRoot, _ body: (LiveComparison) throws(ProcfsError) -> T
  ) throws(ProcfsError) -> T {
    // The comparison needs one open descriptor for each PID, and two more for each while it reads links.
    _ = OpenFileLimit.raise()
    var comparison = LiveComparison(pids, root: root)
    defer {
      for case .directory(let directory) in comparison.directories { close(directory) }
    }
    let mayHide = root.hiddenFromReader.map { $0.rawValue >= HidePID.invisible.rawValue } ?? true
    for pid in pids {
      switch try NamespaceDirectory.open(pid, in: root) {
      case .opened(let directory): comparison.directories.append(.directory(directory))
      case .denied: comparison.directories.append(.none(.unread(.denied)))
      case .gone: comparison.directories.append(.none(mayHide ? .hidden : .notRunning))
      }
    }
    return try body(comparison)
  }

  private init(_ pids: [Int32], root: ProcRoot) {
    self.pids = pids
    self.root = root
    supported = root.ownLinks()
    initial = root.kthreaddInodes()
  }

  /// Returns the facts and the description of each process, in the order of the PIDs; nil for a process
  /// that does not exist, or whose directory may not be entered. Throws `ProcfsError` when a file cannot
  /// be read for another reason.
  package func processes() throws(ProcfsError) -> [LiveProcess?] {
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
          facts: facts,
          description: FactsReader.description(
            in: directory, isProc: root.isProc, readsCommandLine: true
          ).description,
          threadOf: FactsReader.processOfThread(pid, in: directory)))
    }
    return found
  }

  /// Returns one finding for each process, in the order of the PIDs. All findings were true at one moment.
  /// Throws `ProcfsError` when a link cannot be opened for another reason than missing privilege or the
  /// exit of its process.
  package func findings(_ type: NamespaceType) throws(ProcfsError) -> [Finding] {
    var findings: [Finding] = []
    for _ in 0..<Self.attempts {
      var files: [Int32] = []
      defer { for file in files { close(file) } }
      findings = try read(type, into: &files)
      let heldCount = files.count
      // Reads the links again while the first files are open: if nothing differs, all findings held at
      // one moment.
      let again = try read(type, into: &files)
      for file in files[heldCount...] { close(file) }
      files.removeLast(files.count - heldCount)
      if again == findings { return findings }
    }
    return findings.map { finding in
      if case .namespace = finding { .moving } else { finding }
    }
  }

  private func read(
    _ type: NamespaceType, into files: inout [Int32]
  ) throws(ProcfsError) -> [Finding] {
    var findings: [Finding] = []
    for (pid, opening) in zip(pids, directories) {
      findings.append(try read(type, of: pid, in: opening, into: &files))
    }
    return findings
  }

  private func read(
    _ type: NamespaceType, of pid: Int32, in opening: Opening, into files: inout [Int32]
  ) throws(ProcfsError) -> Finding {
    let directory: Int32
    switch opening {
    case .none(let finding): return finding
    case .directory(let opened): directory = opened
    }
    let file = openat(directory, type.name, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return try explain(Errno.last, type, of: pid, in: directory) }
    files.append(file)
    var status = stat()
    guard fstat(file, &status) == 0 else {
      return try explain(Errno.last, type, of: pid, in: directory)
    }
    var id: UInt64 = 0
    let hasID = clinux_namespace_id(file, &id) == 0
    let inode = UInt64(status.st_ino)
    return .namespace(
      Namespace(
        inode: inode, kernelID: hasID ? id : nil,
        isInitial: InitialNamespace.isInitial(
          type, inode, hasKernelID: hasID, varying: initial)))
  }

  private func explain(
    _ errno: Errno, _ type: NamespaceType, of pid: Int32, in directory: Int32
  ) throws(ProcfsError) -> Finding {
    guard errno.isGone || errno.isDenied else {
      throw ProcfsError(
        operation: "open", path: "\(root.path)/\(pid)/ns/\(type)", cause: .system(errno))
    }
    guard FactsReader.exists(in: directory) else { return .notRunning }
    if errno.isDenied { return .unread(.denied) }
    return supported.contains(type.link)
      ? .unread(.zombie) : .unread(.unsupported)
  }
}

/// The facts and the description of a running process.
package struct LiveProcess: Sendable, Hashable {
  /// The facts, which never change.
  package let facts: ProcessFacts
  /// The description, which may change.
  package let description: ProcessDescription
  /// If the given number is not a PID but the TID of another thread of a process, the PID of that process;
  /// otherwise nil.
  package let threadOf: Int32?
}
