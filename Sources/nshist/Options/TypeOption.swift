internal import ArgumentParser
internal import NamespaceModel

/// The option that selects namespace types.
struct TypeOption: ParsableArguments {
  @Option(
    name: .customLong("type"),
    help: ArgumentHelp(
      "Only these types: \(TypeOption.all).", valueName: "type,..."),
    completion: Completions.types)
  var given: [String] = []

  private static let all = NamespaceType.allCases.map(\.name).joined(separator: ", ")

  /// Returns the selected types, in the order of `NamespaceType`; all types by default.
  func types() throws -> [NamespaceType] {
    guard !given.isEmpty else { return NamespaceType.allCases }
    var asked: Set<NamespaceType> = []
    for name in given.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      guard let type = NamespaceType(name: name) else {
        throw ValidationError("'\(name)' is not a namespace type; the types are \(Self.all)")
      }
      asked.insert(type)
    }
    return NamespaceType.allCases.filter(asked.contains)
  }
}
