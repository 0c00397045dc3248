public import NamespaceModel

/// "Who entered, left or made a namespace?"
public struct ChangesQuestion: Sendable {
  /// When.
  public var window: TimeWindow
  /// The types asked for.
  public var types: [NamespaceType]
  /// Only of these processes, with all their starts and exits.
  public var process: ProcessSelector?
  /// Only of these namespaces, with everyone who came or left.
  public var namespace: NamespaceSelector?

  /// A question with these values; by default, about everything.
  public init(
    in window: TimeWindow = TimeWindow(), types: [NamespaceType] = NamespaceType.allCases,
    process: ProcessSelector? = nil, namespace: NamespaceSelector? = nil
  ) {
    self.window = window
    self.types = types
    self.process = process
    self.namespace = namespace
  }
}
