/// What a component of a path needs to know of those above it.
struct Ancestors {
  /// The one right above; empty below the root.
  private(set) var parent: ArraySlice<UInt8> = []
  /// Whether that one is a container by itself.
  private(set) var isContainer = false
  /// The one above the parent.
  private(set) var grandparent: ArraySlice<UInt8> = []
  /// Whether one is of Amazon ECS, with no container since.
  private(set) var isOfECS = false

  /// Whether the parent has this name.
  func isBelow(_ name: String) -> Bool { parent.elementsEqual(name.utf8) }

  /// Goes below a component.
  mutating func push(_ part: ArraySlice<UInt8>, isContainer: Bool) {
    grandparent = parent
    parent = part
    self.isContainer = isContainer
    isOfECS = !isContainer && (isOfECS || part.elementsEqual("ecs".utf8))
  }
}
