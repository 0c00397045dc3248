internal import NSHistory

/// The columns of the members of namespaces.
enum MemberColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<Member>] {
    NamespaceColumns.identity { $0.namespace } + ProcessColumns.all { $0.process }
      + TimeColumns.all(
        zone, from: { $0.from }, until: { $0.until }, beginning: { $0.beginning }, end: { $0.end })
  }
}

/// The columns that say which namespace a row is about.
enum NamespaceColumns {
  static func identity<Row>(
    _ namespace: @escaping (Row) -> NamespaceRecord
  ) -> [Column<Row>] {
    [
      Column("namespace", cell: { .init(text: namespace($0).name) }) {
        .string(namespace($0).name)
      },
      Column("type", in: .data) { .string(namespace($0).type.name) },
      Column("inode", in: .data) { .unsigned(namespace($0).inode) },
      Column("id", in: .data) { .optional(namespace($0).kernelID, JSON.unsigned) },
      Column("initial", in: .data) { .optional(namespace($0).isInitial, JSON.bool) },
    ]
  }
}
