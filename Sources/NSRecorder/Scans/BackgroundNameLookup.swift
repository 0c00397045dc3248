internal import Containers
internal import NSHistory
internal import SystemPackage

/// Looks up the names of observed containers in the files of container engines. The lookups run on
/// threads of their own, because the disks with these files may hang.
final class BackgroundNameLookup {
  typealias Names = [ContainerIdentity: ContainerName]

  /// Two lookups, each on its own thread: the first for containers of the system, the second for those of
  /// users. The files of users may be on other disks, which must not delay the first lookup.
  private var lookups: [Lookup]
  /// The names that were found and are not in the history file yet.
  private(set) var found: Names = [:]

  /// - Parameter root: the path of the host's root directory.
  init(_ root: String) throws(ContainerNamesError) {
    let names = try ContainerNames(root: root)
    lookups = [Lookup(names), Lookup(names)]
  }

  /// Collects the names that were found, and starts lookups for newly observed containers. Returns
  /// messages to log.
  func poll(observed: [ContainerIdentity], at now: BootTime) -> [String] {
    for container in observed { lookups[container.user == nil ? 0 : 1].add(container) }
    var messages: [String] = []
    for index in lookups.indices {
      if let message = lookups[index].poll(at: now, into: &found) { messages.append(message) }
    }
    return messages
  }

  /// Whether a lookup is running.
  var isRunning: Bool { lookups.contains { $0.isRunning } }

  /// Clears the names that were found, once they are in the history file.
  func acknowledge() { found.removeAll() }
}

/// Looks up the names of containers. One request to the worker thread covers all containers that wait for a name by
/// then.
private struct Lookup {
  private let work: BackgroundWork<[ContainerIdentity], BackgroundNameLookup.Names>
  /// The containers without a name, each with the number of lookups so far. A lookup is repeated, because
  /// an engine may write its files a little after it creates the cgroup.
  private var waiting: [ContainerIdentity: Int] = [:]
  private var requested: [ContainerIdentity] = []
  private var began: BootTime = .zero
  private var hasLoggedSlow = false
  private var hasLoggedNoThread = false

  private static let attempts = 5
  /// The duration in nanoseconds after which a lookup is reported as slow.
  private static let slow: Int64 = 30_000_000_000

  init(_ names: ContainerNames) {
    work = BackgroundWork {
      { containers in
        names.names(of: containers)
      }
    }
  }

  var isRunning: Bool { work.isRunning }

  mutating func add(_ container: ContainerIdentity) {
    if waiting[container] == nil { waiting[container] = 0 }
  }

  mutating func poll(at now: BootTime, into found: inout BackgroundNameLookup.Names) -> String? {
    if let names = work.take() {
      found.merge(names) { $1 }
      for container in requested {
        let attempts = (waiting[container] ?? 0) + 1
        waiting[container] =
          names[container] != nil || attempts >= Self.attempts ? nil : attempts
      }
      requested.removeAll()
    }
    if requested.isEmpty, !waiting.isEmpty {
      do throws(Errno) {
        try work.begin(Array(waiting.keys))
        requested = Array(waiting.keys)
        began = now
        hasLoggedNoThread = false
      } catch {
        defer { hasLoggedNoThread = true }
        guard !hasLoggedNoThread else { return nil }
        return """
          cannot make a thread to look up names of containers: \(error); they are not known, and it is \
          tried again; raise the limit of processes or of address space (ulimit -u, ulimit -v)
          """
      }
    } else if !requested.isEmpty, now - began > Self.slow, !hasLoggedSlow {
      hasLoggedSlow = true
      return """
        the names of \(requested.count) containers could not be read for \
        \(TimeFormat.duration(now - began)): a disk with an engine's files may hang
        """
    }
    return nil
  }
}
