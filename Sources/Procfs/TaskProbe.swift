internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Reads what one task is at this moment, apart from any sample: right after an event reported it.
package final class TaskProbe {
  private let root: ProcRoot
  private let identity: IdentitySource
  private let reader = LinkReader()

  /// A probe of tasks in `root`.
  package init(root: ProcRoot, identity: IdentitySource) {
    self.root = root
    self.identity = identity
  }

  /// What a link is.
  package enum Link: Sendable, Hashable {
    /// It leads to a namespace, of which the kernel gives this id, or none.
    case namespace(inode: UInt64, id: UInt64?)
    /// It could not be read.
    case unread(UnreadReason)
  }

  /// The links of a process or thread in `wanted`, by its number, in the order asked for; nil when it
  /// is gone, or cannot be read now (at the limit of open files, without memory): then nothing follows
  /// from it. The reads follow one another: only if it does nothing meanwhile they are of one moment.
  ///
  /// - Parameter whileRunning: whether one that has begun to exit is as good as gone. It leaves its
  ///   namespaces some time after the kernel reported its exit.
  package func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [Link]? {
    // `/proc/TID` is there for threads too (`proc_tid(5)`).
    guard let opening = open(task) else { return nil }
    guard let directory = opening else { return wanted.map { _ in .unread(.denied) } }
    defer { close(directory) }
    var links: [Link] = []
    for link in wanted {
      switch read(link, in: directory) {
      case .success(let value): links.append(value)
      case .failure(let errno) where errno.isDenied: links.append(.unread(.denied))
      // It is there, and something else is short: what it is stays unseen.
      case .failure(let errno) where !errno.isGone && errno != .notSupported:
        links.append(.unread(.unseen))
      case .failure:
        guard FactsReader.isRunning(in: directory) else { return nil }
        links.append(.unread(link == .pidForChildren ? .pending : .unsupported))
      }
    }
    return whileRunning && !FactsReader.isRunning(in: directory) ? nil : links
  }

  /// Who a process is, and what it is called; nil when it is gone or may not be looked at.
  package func process(_ pid: Int32) -> (facts: ProcessFacts, description: ProcessDescription)? {
    guard case .some(.some(let directory)) = open(pid) else { return nil }
    defer { close(directory) }
    // Only to say more of a process that is known already: what fails leaves that unsaid.
    do throws(ProcfsError) {
      guard let facts = try FactsReader.facts(pid, in: directory, root: root),
        facts.startTicks != nil
      else { return nil }
      return (facts, FactsReader.description(in: directory, isProc: root.isProc))
    } catch { return nil }
  }

  /// The effective user and the cgroup of a process; nil when it is gone.
  package func description(of pid: Int32) -> ProcessDescription? {
    FactsReader.userAndCgroup(of: pid, root: root)
  }

  /// The numbers of the threads of a process, its main thread's among them; empty when it is gone.
  package func threads(of pid: Int32) -> [Int32] {
    let directory = openat(
      root.descriptor, "\(pid)/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return [] }
    defer { close(directory) }
    var listing = PIDListing()
    return listing.refresh(directory) ? Array(listing.pids) : []
  }

  /// By when, on the wall clock in nanoseconds, the files that links of a task lead to were there at the
  /// latest; without those that cannot be read. The kernel makes the file of a namespace when somebody
  /// looks it up, and keeps it while a mount or an open file has it (`path_from_stashed` of fs/libfs.c);
  /// its change time is of then, or later, and up to a clock tick too early.
  package func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: Int64] {
    guard case .some(.some(let directory)) = open(task) else { return [:] }
    defer { close(directory) }
    var times: [NamespaceLink: Int64] = [:]
    for link in links {
      var status = stat()
      guard fstatat(directory, link.fileName.description, &status, 0) == 0 else { continue }
      times[link] =
        Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        &+ Self.coarseTick
    }
    return times
  }

  /// How far the clock that files get their times from may be behind.
  private static let coarseTick: Int64 = {
    var resolution = timespec()
    guard clock_getres(CLOCK_REALTIME_COARSE, &resolution) == 0 else { return 10_000_000 }
    return Int64(resolution.tv_sec) &* 1_000_000_000 &+ Int64(resolution.tv_nsec)
  }()

  /// The directory; nil within where it may not be entered; nil where there is none.
  private func open(_ task: Int32) -> Int32?? {
    // Of a task that cannot be opened for any other reason nothing is known: it may be there.
    do throws(ProcfsError) {
      switch try NamespaceDirectory.open(task, in: root) {
      case .opened(let directory): return .some(.some(directory))
      case .denied: return .some(nil)
      case .gone: return nil
      }
    } catch { return nil }
  }

  private func read(_ link: NamespaceLink, in directory: Int32) -> Result<Link, Errno> {
    guard identity == .continuity else {
      return NamespaceFile.identify(link.fileName, in: directory, by: identity)
        .map { .namespace(inode: $0.inode, id: $0.id) }
    }
    return switch reader.read(link, in: directory) {
    case .inode(let inode): .success(.namespace(inode: inode, id: nil))
    case .failed(let number): .failure(Errno(rawValue: number))
    case .malformed: .failure(.notSupported)
    }
  }
}
