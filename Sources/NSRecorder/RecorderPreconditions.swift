internal import NamespaceEvents
internal import Procfs

/// What a recorder asks of a machine before it begins, asked by the same code and without recording.
package enum RecorderPreconditions {
  /// Throws what a recorder of this configuration would end with before its first sample; its history
  /// file is not looked at.
  ///
  /// - Returns: why it would record without the kernel's events; nil where it would have them.
  package static func check(
    _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> RecorderError? {
    let root: ProcRoot
    let surroundings: RecorderEnvironment
    do throws(ProcfsError) {
      root = try ProcRoot(path: configuration.procRoot)
      surroundings = try RecorderEnvironment(root, IdentitySource.probe(root))
    } catch { throw .procfs(error) }
    do throws(RecorderError) {
      _ = try EventRecording.listener(configuration, root, surroundings)
      return nil
    } catch { return error }
  }
}
