/// A template in the language of Mustache (mustache(5)), as far as a page needs it: values, which are escaped for HTML
/// unless they stand in three braces, sections, and inverted sections. The values are the stored properties of a type.
///
/// The package swift-mustache would add all of Foundation to the static program, which is three times its size.
struct ReportTemplate {
  private indirect enum Node {
    case text(Substring)
    case value(String, isEscaped: Bool)
    case section(String, isInverted: Bool, [Node])
  }

  private let nodes: [Node]

  /// Parses a template. A tag that is not closed is text.
  init(_ text: String) {
    var rest = text[...]
    nodes = Self.nodes(&rest)
  }

  /// Parses up to the end of the section in which the text begins, or of the text.
  private static func nodes(_ rest: inout Substring) -> [Node] {
    var nodes: [Node] = []
    while let start = rest.firstRange(of: "{{") {
      nodes.append(.text(rest[..<start.lowerBound]))
      let isRaw = rest[start.upperBound...].first == "{"
      let from = isRaw ? rest.index(after: start.upperBound) : start.upperBound
      let closing = isRaw ? "}}}" : "}}"
      guard let end = rest[from...].firstRange(of: closing) else { break }
      let tag = rest[from..<end.lowerBound]
      rest = rest[end.upperBound...]
      switch tag.first {
      case "#", "^":
        let inner = Self.nodes(&rest)
        nodes.append(.section(String(tag.dropFirst()), isInverted: tag.first == "^", inner))
      case "/": return nodes
      default: nodes.append(.value(String(tag), isEscaped: !isRaw))
      }
    }
    nodes.append(.text(rest))
    rest = ""
    return nodes
  }

  /// Returns the text with the values of an object.
  func render(_ object: Any) -> String {
    var text = ""
    Self.render(nodes, [Context(object)], to: &text)
    return text
  }

  /// A value, and its stored properties by name.
  private struct Context {
    let value: Any
    let properties: [String: Any]

    init(_ value: Any) {
      self.value = value
      var properties: [String: Any] = [:]
      for child in Mirror(reflecting: value).children {
        if let label = child.label { properties[label] = child.value }
      }
      self.properties = properties
    }
  }

  /// Returns the value of a name in the innermost context that has it, without its optional; nil for none.
  private static func value(_ name: String, _ contexts: [Context]) -> Any? {
    if name == "." { return contexts.last?.value }
    guard let found = contexts.last(where: { $0.properties[name] != nil })?.properties[name] else {
      return nil
    }
    let mirror = Mirror(reflecting: found)
    return mirror.displayStyle == .optional ? mirror.children.first?.value : found
  }

  private static func render(_ nodes: [Node], _ contexts: [Context], to text: inout String) {
    for node in nodes {
      switch node {
      case .text(let part): text += part
      case .value(let name, let isEscaped):
        guard let value = value(name, contexts) else { continue }
        if isEscaped { text += escaped("\(value)") } else { text += "\(value)" }
      case .section(let name, let isInverted, let inner):
        let value = value(name, contexts)
        let list = (value as? [Any]) ?? (value as? Bool == false ? [] : value.map { [$0] } ?? [])
        if isInverted {
          if list.isEmpty { render(inner, contexts, to: &text) }
        } else {
          for item in list { render(inner, contexts + [Context(item)], to: &text) }
        }
      }
    }
  }

  /// Returns a text in which no character is markup, in an element or in a quoted attribute.
  private static func escaped(_ text: String) -> String {
    var safe = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": safe += "&lt;"
      case ">": safe += "&gt;"
      case "&": safe += "&amp;"
      case "\"": safe += "&quot;"
      case "'": safe += "&#39;"
      default: safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }
}
