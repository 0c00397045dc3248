internal import NamespaceEvents
internal import Procfs

/// Checks, with the recorder's own code but without recording, whether a recorder can run on this machine.
package enum RecorderPreconditions {
  /// Checks a configuration. Throws the error with which a recorder would fail because of `/proc` before its first
  /// sample. The check does not open the history file.
  ///
  /// - Returns: the reason for which the recorder cannot have kernel events; nil if it can have them. The check
  ///   ignores `events` of the configuration, which may require or disable them.
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

  /// Returns the reason for which a recorder cannot take samples by BPF; nil if it can. Loads the program, and removes
  /// it again.
  package static func refusalOfBPF(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> SourceRefusal? {
    let root: ProcRoot
    let environment: RecorderEnvironment
    let identity: IdentitySource
    do throws(ProcfsError) {
      root = try ProcRoot(path: configuration.procRoot)
      identity = IdentitySource.probe(root)
      environment = try RecorderEnvironment(root, identity)
    } catch { throw .procfs(error) }
    do throws(SourceRefusal) {
      _ = try SourceChoice.programs(root, environment, identity)
      return nil
    } catch { return error }
  }
}
