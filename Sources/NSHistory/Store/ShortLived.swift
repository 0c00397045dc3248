/// Which of the processes that no sample met are kept. The raw value is the text kept in the file.
public enum ShortLived: String, Sendable, Hashable, CaseIterable {
  /// Every one.
  case all
  /// Those whose namespaces were not those of their parents, or did not stay so.
  case changed
  /// None.
  case none
}
