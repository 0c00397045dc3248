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
  /// Only of this container, by name or the beginning of its id: of its processes, and of everyone who
  /// came into its own namespaces or left them.
  public var container: String?

  /// A question with these values; by default, about everything.
  public init(
    in window: TimeWindow = TimeWindow(), types: [NamespaceType] = NamespaceType.allCases,
    process: ProcessSelector? = nil, namespace: NamespaceSelector? = nil,
    container: String? = nil
  ) {
    self.window = window
    self.types = types
    self.process = process
    self.namespace = namespace
    self.container = container
  }
}
