internal import NamespaceEvents
internal import Procfs

/// Checks, with the recorder's own code but without recording, whether a recorder can run on this machine.
package enum RecorderPreconditions {
  /// Checks a configuration. Throws the error with which a recorder would fail because of `/proc` before its first
  /// sample. The check does not open the history file.
  ///
  /// - Returns: the reason for which the recorder cannot have the kernel events that the configuration asks for; nil
  ///   if it can have them.
  package static func check(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> RecorderError? {
    let (root, environment, identity) = try here(configuration)
    do throws(RecorderError) {
      _ = try EventChoice.open(configuration, root, environment, identity)
      return nil
    } catch { return error }
  }

  /// Whether a recorder can have events by BPF.
  package enum EventsByBPF: Sendable {
    /// Not, for this reason.
    case refused(RecorderError)
    /// Starts, execs and exits come with the namespaces of the task. Changes of namespaces come from perf, for this
    /// reason, and the ids are read from `/proc`.
    case withProbes(SourceRefusal)
    /// All events come with the namespaces of the task.
    case whole
  }

  /// Checks whether a recorder can have events by BPF. Loads the programs, and removes them again.
  package static func eventsByBPF(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> EventsByBPF {
    let (root, environment, identity) = try here(configuration)
    var configuration = configuration
    configuration.events = .bpf
    do throws(RecorderError) {
      let opened = try EventChoice.open(configuration, root, environment, identity)
      return opened.refusalOfMoves.map { .withProbes($0) } ?? .whole
    } catch { return .refused(error) }
  }

  private static func here(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> (ProcRoot, RecorderEnvironment, IdentitySource) {
    do throws(ProcfsError) {
      let root = try ProcRoot(path: configuration.procRoot)
      let identity = IdentitySource.probe(root)
      return (root, try RecorderEnvironment(root, identity), identity)
    } catch { throw .procfs(error) }
  }

  /// Returns the reason for which a recorder cannot take samples by BPF; nil if it can. Loads the program, and removes
  /// it again.
  package static func refusalOfBPF(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> SourceRefusal? {
    let (root, environment, identity) = try here(configuration)
    do throws(SourceRefusal) {
      _ = try SourceChoice.programs(root, environment, identity)
      return nil
    } catch { return error }
  }
}
