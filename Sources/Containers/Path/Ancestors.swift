/// The facts about the ancestors of a path component on which the meaning of the component depends.
struct Ancestors {
  /// The parent component; empty directly below the root.
  private(set) var parent: ArraySlice<UInt8> = []
  /// Whether the parent itself denotes a container.
  private(set) var isContainer = false
  /// The component above the parent.
  private(set) var grandparent: ArraySlice<UInt8> = []
  /// Whether an ancestor is named `ecs`, as for tasks of Amazon ECS, and no ancestor below it denotes a
  /// container.
  private(set) var isOfECS = false

  /// Returns whether the parent has this name.
  func isBelow(_ name: String) -> Bool { parent.elementsEqual(name.utf8) }

  /// Makes a component the new parent.
  mutating func push(_ part: ArraySlice<UInt8>, isContainer: Bool) {
    grandparent = parent
    parent = part
    self.isContainer = isContainer
    isOfECS = !isContainer && (isOfECS || part.elementsEqual("ecs".utf8))
  }
}
