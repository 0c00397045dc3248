internal import NamespaceModel
internal import SQLite

/// Compares what links were with what they are.
struct LinkComparison {
  let reading: Reading

  /// What differs in a sample from before, as far as both are known.
  func changes(
    from before: [NamespaceLink: LinkValue], to after: [NamespaceLink: LinkValue], at sample: Int64
  ) throws(SQLiteError) -> [LinkChange] {
    var changes: [LinkChange] = []
    for link in NamespaceLink.allCases {
      guard let value = after[link], let old = before[link], value != old else { continue }
      changes.append(
        LinkChange(link: link, from: old, to: value, how: try how(value, at: sample)))
    }
    return changes
  }

  /// How a process came, by this sample, to where it is.
  func how(_ value: LinkValue, at sample: Int64) throws(SQLiteError) -> LinkChange.How? {
    guard let namespace = value.namespace else { return nil }
    if namespace.isInitial == true { return .joined }
    return try reading.namespaces.life(namespace.id).first == sample ? .created : .joined
  }
}

extension [LinkChange] {
  /// The namespaces, other than initial ones, that were there and were joined: a process's own, not
  /// where its children go.
  var joined: [NamespaceRecord] {
    filter { $0.how == .joined && $0.link == $0.link.type.link }
      .compactMap(\.to.namespace).filter { $0.isInitial != true }
  }
}
