internal import NSHistory
internal import NamespaceModel

/// A forest of the namespaces of one type, each below its parent namespace.
struct NamespaceTree {
  let type: NamespaceType
  let roots: [Node]

  final class Node {
    let namespace: NamespaceAtMoment
    /// The number of namespaces of each type that the namespace owns; empty unless it is a user namespace.
    let owns: [(NamespaceType, Int)]
    let children: [Node]

    init(namespace: NamespaceAtMoment, owns: [(NamespaceType, Int)], children: [Node]) {
      self.namespace = namespace
      self.owns = owns
      self.children = children
    }
  }

  init(_ type: NamespaceType, _ all: [NamespaceAtMoment]) {
    self.type = type
    let nodes = all.filter { $0.namespace.type == type }
    let known = Set(nodes.map(\.namespace.id))
    var children: [Int64: [NamespaceAtMoment]] = [:]
    var roots: [NamespaceAtMoment] = []
    for node in nodes {
      if let parent = node.parent, known.contains(parent.id), parent.id != node.namespace.id {
        children[parent.id, default: []].append(node)
      } else {
        roots.append(node)
      }
    }
    var owned: [Int64: [NamespaceType: Int]] = [:]
    for one in all where one.namespace.type != .user {
      if let owner = one.owner {
        owned[owner.id, default: [:]][one.namespace.type, default: 0] += 1
      }
    }
    func node(_ namespace: NamespaceAtMoment, depth: Int) -> Node {
      // The kernel nests at most 32 levels (namespaces(7)). This limit bounds the recursion for a damaged file.
      let below = depth < 64 ? children[namespace.namespace.id] ?? [] : []
      let owns = owned[namespace.namespace.id] ?? [:]
      return Node(
        namespace: namespace,
        owns: NamespaceType.allCases.compactMap { type in owns[type].map { (type, $0) } },
        children: below.map { node($0, depth: depth + 1) })
    }
    self.roots = roots.map { node($0, depth: 0) }
  }

  /// The tree as JSON, in which each node holds its children.
  var json: JSON {
    .object([("type", .string(type.name)), ("roots", .array(roots.map(\.json)))])
  }

  /// Returns the trees as CSV, with one record for each namespace in the order of `TreeText`.
  static func csv(_ trees: [NamespaceTree]) -> String {
    let header = [
      "type", "depth", "inode", "id", "initial", "nprocs", "unsure", "pid", "comm", "uid", "owner",
      "parent", "owner_uid", "parents", "unsure_parents", "children_of_pid", "children_of_comm",
    ]
    func records(_ node: Node, depth: Int) -> [[String]] {
      [record(node.namespace, depth: depth)]
        + node.children.flatMap { records($0, depth: depth + 1) }
    }
    let all = trees.flatMap(\.roots).flatMap { records($0, depth: 0) }
    return ([header] + all).map(DelimitedText.csv).joined()
  }

  private static func record(_ one: NamespaceAtMoment, depth: Int) -> [String] {
    let namespace = one.namespace
    let values: [JSON] = [
      .string(namespace.type.name), .integer(Int64(depth)), .unsigned(namespace.inode),
      .optional(namespace.kernelID, JSON.unsigned), .optional(namespace.isInitial, JSON.bool),
      .integer(Int64(one.processes)), .integer(Int64(one.unsure)),
      .optional(one.lowest) { .integer($0.pid) }, .optional(one.lowest?.comm, JSON.string),
      .optional(one.lowest?.uid, JSON.integer), .optional(one.owner) { .string($0.name) },
      .optional(one.parent) { .string($0.name) }, .optional(one.ownerUID, JSON.integer),
      .integer(Int64(one.parents)), .integer(Int64(one.unsureParents)),
      .optional(one.lowestParent) { .integer($0.pid) },
      .optional(one.lowestParent?.comm, JSON.string),
    ]
    return values.map(\.field)
  }
}

extension NamespaceTree.Node {
  fileprivate var json: JSON {
    let one = namespace
    return .object(
      one.namespace.keys + [
        ("nprocs", .integer(Int64(one.processes))), ("unsure", .integer(Int64(one.unsure))),
        ("lowest", .optional(one.lowest) { $0.json }),
        ("parents", .integer(Int64(one.parents))),
        ("unsure_parents", .integer(Int64(one.unsureParents))),
        ("children_of", .optional(one.lowestParent) { $0.json }),
        ("owner", .optional(one.owner) { $0.json }), ("parent", .optional(one.parent) { $0.json }),
        ("owner_uid", .optional(one.ownerUID, JSON.integer)),
        ("owns", .object(owns.map { ($0.name, .integer(Int64($1))) })),
        ("children", .array(children.map(\.json))),
      ])
  }
}

/// Draws a tree of namespaces as text. A terminal shows it in colours, with box-drawing characters if the locale is
/// UTF-8, and long lines are continued below.
struct TreeText {
  let tree: NamespaceTree
  let console: Console

  /// The lines of the drawing, one for each namespace.
  var lines: [String] {
    if tree.roots.isEmpty { return ["no \(tree.type) namespace is known"] }
    return tree.roots.flatMap { root in
      lines(root, head: "", indent: "") + below(root, indent: "")
    }
  }

  private func below(_ node: NamespaceTree.Node, indent: String) -> [String] {
    node.children.enumerated().flatMap { index, child in
      let isLast = index == node.children.count - 1
      let next = indent + (isLast ? "   " : branches.line)
      return lines(child, head: indent + (isLast ? branches.last : branches.middle), indent: next)
        + below(child, indent: next)
    }
  }

  /// Returns the lines of one namespace.
  ///
  /// - Parameters:
  ///   - head: the branch before the first line.
  ///   - indent: the branches before the others, without the one to the namespaces below.
  private func lines(_ node: NamespaceTree.Node, head: String, indent: String) -> [String] {
    let name = node.namespace.namespace.text
    let text = text(node)
    let blanks = indent + (node.children.isEmpty ? "   " : branches.line) + "  "
    var lines =
      console.isTerminal
      ? TextWrap.lines(text, console.width - head.count, console.width - blanks.count) : [text]
    if let first = lines.first, first.hasPrefix(name) {
      let colour: Colour = node.namespace.namespace.isInitial == true ? .faint : .cyan
      lines[0] = colour.paint(name, console.colours) + first.dropFirst(name.count)
    }
    return lines.enumerated().map { ($0 == 0 ? head : blanks) + $1 }
  }

  private var branches: (last: String, middle: String, line: String) {
    console.isTerminal && Environment.isUTF8
      ? ("└─ ", "├─ ", "│  ") : ("`- ", "|- ", "|  ")
  }

  private func text(_ node: NamespaceTree.Node) -> String {
    let one = node.namespace
    var text = one.namespace.text
    if one.parent == nil, one.namespace.isInitial != true { text += " (parent not known)" }
    text += "  \(RecordingFormatter.count(one.processes, "process", "processes"))"
    if one.unsure > 0 { text += " (+\(one.unsure) in doubt)" }
    if let lowest = one.lowest { text += ", \(lowest.label)" }
    if one.processes == 0, let children = NamespaceFormatter.children(one) {
      text += ", \(children)"
    }
    if let uid = one.ownerUID, one.namespace.isInitial != true {
      text += ", made by \(UserName.text(uid))"
    }
    let owned = node.owns.map { "\($1) \($0)" }.joined(separator: ", ")
    return owned.isEmpty ? text : text + ", owns \(owned)"
  }
}
