internal import NamespaceEvents
internal import Procfs

/// Checks the preconditions of a recorder on a machine with the recorder's own code, but without
/// recording.
package enum RecorderPreconditions {
  /// Throws the error with which a recorder of this configuration would fail before its first sample. The
  /// check does not open the history file.
  ///
  /// - Returns: why the recorder would record without kernel events; nil if it would have them.
  package static func check(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> RecorderError? {
    let root: ProcRoot
    let environment: RecorderEnvironment
    do throws(ProcfsError) {
      root = try ProcRoot(path: configuration.procRoot)
      environment = try RecorderEnvironment(root, IdentitySource.probe(root))
    } catch { throw .procfs(error) }
    do throws(RecorderError) {
      _ = try EventRecording.listener(configuration, root, environment)
      return nil
    } catch { return error }
  }
}
