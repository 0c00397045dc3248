package import NamespaceModel

/// A source of samples: `/proc`, or a faster way to read the same processes.
package protocol SampleSource: AnyObject {
  /// The failure of a sample, whose description is one line.
  associatedtype Failure: Error

  /// How the source distinguishes namespaces.
  var identity: IdentitySource { get }

  /// Passes over every process once, and returns the changes since the last sample.
  ///
  /// After an error the source stays usable: the next sample includes the changes that the failed pass
  /// found.
  func takeSample() throws(Failure) -> ProcessSample
}
