internal import Containers
internal import NSHistory
internal import SystemPackage

/// Looks up what engines call the containers that were observed, apart from the loop that takes samples:
/// the files are on disks that may hang.
final class NameWatch {
  typealias Names = [ContainerIdentity: ContainerName]

  /// Users' files are on disks of their own, and do not keep the others waiting.
  private var lookups: [Lookup]
  /// What was found and is not in the file yet.
  private(set) var found: Names = [:]

  /// - Parameter root: the folder where the root of the host's files is.
  init(_ root: String) throws(ContainerNamesError) {
    let names = try ContainerNames(root: root)
    lookups = [Lookup(names), Lookup(names)]
  }

  /// Takes over what was found, and looks up what was observed. Gives what there is to say.
  func turn(met: [ContainerIdentity], at now: Int64) -> [String] {
    for container in met { lookups[container.user == nil ? 0 : 1].add(container) }
    var messages: [String] = []
    for place in lookups.indices {
      if let message = lookups[place].turn(at: now, into: &found) { messages.append(message) }
    }
    return messages
  }

  /// Whether a look is under way.
  var isLooking: Bool { lookups.contains { $0.isRunning } }

  /// What was found is in the file.
  func settle() { found.removeAll() }
}

/// Looks containers up, one set of them at a time.
private struct Lookup {
  private let work: BackgroundWork<[ContainerIdentity], NameWatch.Names>
  /// Those without a name, and how often they were looked up. An engine may write its files a little
  /// after it makes the cgroup.
  private var waiting: [ContainerIdentity: Int] = [:]
  private var asked: [ContainerIdentity] = []
  private var began: Int64 = 0
  private var isSaidSlow = false
  private var isSaidNoThread = false

  private static let attempts = 5
  /// After so long a look is said to be slow, in nanoseconds.
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

  mutating func turn(at now: Int64, into found: inout NameWatch.Names) -> String? {
    if let names = work.take() {
      found.merge(names) { $1 }
      for container in asked {
        let attempts = (waiting[container] ?? 0) + 1
        waiting[container] =
          names[container] != nil || attempts >= Self.attempts ? nil : attempts
      }
      asked.removeAll()
    }
    if asked.isEmpty, !waiting.isEmpty {
      do throws(Errno) {
        try work.begin(Array(waiting.keys))
        asked = Array(waiting.keys)
        began = now
        isSaidNoThread = false
      } catch {
        defer { isSaidNoThread = true }
        guard !isSaidNoThread else { return nil }
        return """
          cannot make a thread to look up names of containers: \(error); they are not known, and it is \
          tried again; raise the limit of processes or of address space (ulimit -u, ulimit -v)
          """
      }
    } else if !asked.isEmpty, now - began > Self.slow, !isSaidSlow {
      isSaidSlow = true
      return """
        the names of \(asked.count) containers could not be read for \
        \(TimeFormat.duration(now - began)): a disk with an engine's files may hang
        """
    }
    return nil
  }
}
