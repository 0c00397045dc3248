package import NamespaceModel

/// Where samples come from: `/proc`, or a faster way to list the same.
package protocol SampleSource: AnyObject {
  /// How namespaces are told apart.
  var identity: IdentitySource { get }

  /// Passes over every process once.
  ///
  /// After an error the source is whole: what the failed pass found out is told by the next.
  func takeSample() throws(ProcfsError) -> ProcessSample
}
