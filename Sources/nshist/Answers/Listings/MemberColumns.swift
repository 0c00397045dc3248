internal import NSHistory

/// The columns of the members of namespaces.
enum MemberColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<Member>] {
    let identity: [Column<Member>] = NamespaceColumns.identity({ $0.namespace }, note: note)
    let times: [Column<Member>] = TimeColumns.all(
      zone, from: { $0.from }, until: { $0.until }, beginning: { $0.beginning }, end: { $0.end })
    let link = Column<Member>("link", in: .data) { .string("\($0.link.fileName)") }
    return identity + [link] + ProcessColumns.all(showsContainer: true) { $0.process } + times
  }

  /// Returns the note for a process that is not in the namespace itself, but whose children start in it.
  private static func note(_ member: Member) -> String {
    member.link == member.namespace.type.link ? "" : ", children of"
  }
}

/// The columns that identify the namespace of a row.
enum NamespaceColumns {
  static func identity<Row>(
    _ namespace: @escaping (Row) -> NamespaceRecord,
    note: @escaping (Row) -> String = { _ in "" }
  ) -> [Column<Row>] {
    [
      Column("namespace", cell: { .init(text: namespace($0).name + note($0)) }) {
        .string(namespace($0).name)
      },
      Column("type", in: .data) { .string(namespace($0).type.name) },
      Column("inode", in: .data) { .unsigned(namespace($0).inode) },
      Column("id", in: .data) { .optional(namespace($0).kernelID, JSON.unsigned) },
      Column("initial", in: .data) { .optional(namespace($0).isInitial, JSON.bool) },
    ]
  }
}
