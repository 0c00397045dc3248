internal import NSHistory

extension ContainerRecord {
  /// The text for a table cell: the name of the container with the name of its pod, or else the first 12
  /// characters of its id.
  var label: String {
    guard let name else {
      let user = owner.map { ", of uid \($0)" } ?? ""
      return String(id.prefix(12)) + (isUnverified ? " (unverified\(user))" : "")
    }
    guard let podName else { return name }
    return isSandbox ? "\(podName) (pause)" : "\(podName)/\(name)"
  }

  /// The text for a sentence: `container web (docker 0123456789ab)`.
  var words: String {
    let number = String(id.prefix(12))
    let kind = engine.map { "\($0) \(number)" } ?? number
    let mark = isUnverified ? ", unverified" : ""
    return name == nil || name == id
      ? "container \(kind)\(mark)" : "container \(label) (\(kind))"
  }
}
