internal import Containers

/// Looks up what engines call the containers that were met, apart from the loop that takes samples:
/// the files are on disks that may hang.
final class NameWatch {
  typealias Names = [ContainerIdentity: ContainerName]

  private let work: BackgroundWork<[ContainerIdentity], Names>
  /// Those without a name, and how often they were looked up. An engine may write its files a little
  /// after it makes the cgroup.
  private var waiting: [ContainerIdentity: Int] = [:]
  private var asked: [ContainerIdentity] = []
  /// What was found and is not in the file yet.
  private(set) var found: Names = [:]

  private static let attempts = 5

  /// - Parameter root: the folder where the root of the host's files is.
  init(_ root: String) throws(ContainerNamesError) {
    let names = try ContainerNames(root: root)
    work = BackgroundWork {
      { containers in
        containers.reduce(into: [:]) { found, container in
          found[container] = names.name(of: container)
        }
      }
    }
  }

  /// Takes over what was found, and looks up what was met.
  func turn(met: [ContainerIdentity]) {
    for container in met where waiting[container] == nil { waiting[container] = 0 }
    if let names = work.take() {
      found.merge(names) { $1 }
      for container in asked {
        let attempts = (waiting[container] ?? 0) + 1
        waiting[container] =
          names[container] != nil || attempts >= Self.attempts ? nil : attempts
      }
      asked.removeAll()
    }
    guard asked.isEmpty, !waiting.isEmpty else { return }
    asked = Array(waiting.keys)
    work.begin(asked)
  }

  /// Whether a look is under way.
  var isLooking: Bool { work.isRunning }

  /// What was found is in the file.
  func settle() { found.removeAll() }
}
