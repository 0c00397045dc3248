internal import NamespaceModel
internal import SQLite

/// The most namespaces of one type that there were at once.
package struct PeakUse: Sendable, Hashable {
  /// How many, initial ones left out.
  package let count: Int
  /// When the first sample that saw so many began, in nanoseconds since the epoch.
  package let time: Int64
}
