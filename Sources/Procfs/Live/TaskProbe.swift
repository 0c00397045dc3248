internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Probes a task: reads the present state of one process or thread, independently of samples, right after an event
/// reported it.
package final class TaskProbe {
  private let root: ProcRoot
  private let identity: IdentitySource
  private let reader = LinkReader()
  /// Whether the probe reads command lines.
  package let readsCommandLines: Bool

  /// A probe of tasks in `root`.
  ///
  /// - Parameter readsCommandLines: whether the probe reads command lines.
  package init(root: ProcRoot, identity: IdentitySource, readsCommandLines: Bool = true) {
    self.readsCommandLines = readsCommandLines
    self.root = root
    self.identity = identity
  }

  /// The result of reading one link.
  package enum Link: Sendable, Hashable {
    /// The link points at a namespace, with the kernel's id if there is one.
    case namespace(inode: UInt64, id: UInt64?)
    /// The link could not be read.
    case unread(UnreadReason)
  }

  /// Reads the links in `wanted` of a process or thread, in that order, given its PID or TID. Returns
  /// nil if the task has exited, or cannot be read now (at the limit of open files, or without memory);
  /// nil therefore proves nothing. The reads are successive: the links are of one moment only if the
  /// task does not change them meanwhile.
  ///
  /// - Parameter whileRunning: whether to treat a task that has begun to exit as gone. A task leaves
  ///   its namespaces some time after the kernel reports its exit.
  package func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [Link]? {
    // `/proc/TID` exists for threads too (`proc_tid(5)`).
    guard let opening = open(task) else { return nil }
    guard let directory = opening else { return wanted.map { _ in .unread(.denied) } }
    defer { close(directory) }
    var links: [Link] = []
    for link in wanted {
      switch read(link, in: directory) {
      case .success(let value): links.append(value)
      case .failure(let errno) where errno.isDenied: links.append(.unread(.denied))
      // The task exists, and the read failed for another reason: the link is recorded as unseen.
      case .failure(let errno) where !errno.isGone && errno != .notSupported:
        links.append(.unread(.unseen))
      case .failure:
        guard FactsReader.isRunning(in: directory) else { return nil }
        links.append(.unread(link == .pidForChildren ? .pending : .unsupported))
      }
    }
    return whileRunning && !FactsReader.isRunning(in: directory) ? nil : links
  }

  /// Reads the facts and the description of a process; nil if it has exited or may not be read.
  package func process(_ pid: Int32) -> (facts: ProcessFacts, description: ProcessDescription)? {
    guard case .some(.some(let directory)) = open(pid) else { return nil }
    defer { close(directory) }
    // The result only adds detail to a process that is known already, so any error yields nil.
    do throws(ProcfsError) {
      guard let facts = try FactsReader.facts(pid, in: directory, root: root),
        facts.startTicks != nil
      else { return nil }
      let read = FactsReader.description(
        in: directory, isProc: root.isProc, readsCommandLine: readsCommandLines)
      return (facts, read.description)
    } catch { return nil }
  }

  /// Reads the effective user and the cgroup of a process; nil if they cannot be read, as after its exit.
  ///
  /// - Parameter hasExecuted: whether the process has just executed a program: then the probe also reads the program,
  ///   and the login, the session and the terminal.
  package func description(of pid: Int32, hasExecuted: Bool) -> ProcessDescription? {
    FactsReader.afterEvent(
      of: pid, hasExecuted: hasExecuted, readsCommandLine: readsCommandLines, root: root)
  }

  /// Returns the program and the login of a process or thread; nil if the task with this start time has exited, or may
  /// not be read.
  package func programAndLogin(
    of task: Int32, startTicks: UInt64
  ) -> (program: Program?, login: Login?)? {
    guard case .some(.some(let directory)) = open(task) else { return nil }
    defer { close(directory) }
    guard case .success(let line) = SmallFile.read("../stat", in: directory),
      StatLine(line)?.startTicks == startTicks
    else { return nil }
    let read = FactsReader.description(
      in: directory, isProc: root.isProc, readsCommandLine: readsCommandLines)
    return (read.description.program, read.description.login)
  }

  /// Returns the text of `/proc/PID/cgroup` of a process or thread, without its last newline; nil if the task with this
  /// start time has exited, or the text cannot be read.
  package func cgroup(of task: Int32, startTicks: UInt64) -> [UInt8]? {
    guard case .some(.some(let directory)) = open(task) else { return nil }
    defer { close(directory) }
    guard case .success(let line) = SmallFile.read("../stat", in: directory),
      StatLine(line)?.startTicks == startTicks,
      case .success(var text) = SmallFile.read("../cgroup", in: directory)
    else { return nil }
    if text.last == 0x0A { text.removeLast() }
    return text
  }

  /// Returns the TIDs of a process, including that of its main thread; empty if the process has exited.
  package func threads(of pid: Int32) -> [Int32] {
    let directory = openat(
      root.descriptor, "\(pid)/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return [] }
    defer { close(directory) }
    var listing = PIDListing()
    return listing.refresh(directory) ? Array(listing.pids) : []
  }

  /// Returns, for the namespace that each of the links points at, the change time of the namespace's file; omits links
  /// that cannot be read.
  ///
  /// The kernel creates the file of a namespace when a process first looks it up, and retains the file while
  /// a mount or an open descriptor refers to it (`path_from_stashed` of fs/libfs.c). The change time of the
  /// file is the time of its creation or a later one, as `fileClock` showed it then.
  package func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: WallTime] {
    guard case .some(.some(let directory)) = open(task) else { return [:] }
    defer { close(directory) }
    var times: [NamespaceLink: WallTime] = [:]
    for link in links {
      var status = stat()
      guard fstatat(directory, link.fileName.description, &status, 0) == 0 else { continue }
      times[link] = Self.time(status.st_ctim)
    }
    return times
  }

  /// Reads the clock that the kernel uses for file times (`CLOCK_REALTIME_COARSE` of `clock_gettime(2)`); nil if the
  /// kernel has none. The clock advances with each tick, so that it lags behind the wall clock by a tick or more.
  package func fileClock() -> WallTime? {
    var now = timespec()
    return clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 ? Self.time(now) : nil
  }

  private static func time(_ time: timespec) -> WallTime {
    WallTime(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  /// Opens the `ns` directory of a task. The inner optional is nil if the directory may not be entered;
  /// the outer one is nil if the directory does not exist, or cannot be opened now.
  private func open(_ task: Int32) -> Int32?? {
    // If the open fails for any other reason, nothing is known about the task: it may exist.
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
