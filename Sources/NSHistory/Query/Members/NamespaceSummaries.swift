internal import NamespaceModel
internal import SQLite

/// Sums up namespaces.
struct NamespaceSummaries {
  let reading: Reading

  func summary(_ life: NamespaceLife) throws(SQLiteError) -> NamespaceSummary {
    let pins = try reading.pins.pins(of: life.namespace)
    let last = try lastSeen(life)
    let first = life.maker == nil ? try first(of: life) : nil
    return NamespaceSummary(
      namespace: life.namespace,
      firstSeen: ([try life.first.map(reading.index.point)?.wall] + pins.map(\.firstSeen))
        .compactMap(\.self).min(),
      lastSeen: ([
        try last.map { (last) throws(SQLiteError) in
          try lastSeen(life.namespace, at: last)
        }
      ] + pins.map(\.lastSeen))
      .compactMap(\.self).max(),
      owner: try life.owner.map(reading.namespaces.life)?.namespace,
      parent: try life.parent.map(reading.namespaces.life)?.namespace,
      ownerUID: life.ownerUID,
      maker: try life.maker.flatMap(reading.lives.life(task:))?.process,
      isMakerCertain: life.isMakerCertain, firstProcess: first?.process,
      parentOfFirst: first?.parent, isFirstExact: first?.isExact == true, pins: pins,
      kept: try keepers(life.namespace, pins))
  }

  /// The last sample that saw a process in it, or one whose children go there.
  private func lastSeen(_ life: NamespaceLife) throws(SQLiteError) -> Int64? {
    guard life.first != nil else { return nil }
    guard let last = life.last else { return reading.index.last }
    return max(last, try ChildrenHolders(reading: reading).last(of: life.namespace) ?? last)
  }

  /// When the last process was in a namespace: up to the event that told of its end, if one did, or
  /// else at the last sample that saw it.
  private func lastSeen(_ namespace: NamespaceRecord, at last: Int64) throws(SQLiteError) -> Int64 {
    let wall = try reading.index.point(last).wall
    guard try reading.index.bracket(before: last + 1).isExact else { return wall }
    let ends = try reading.connection.prepare(
      MembershipStab.inNamespace("m.until_sample, m.exact")
    ).bind(MembershipStab.values(last...last, namespace)).map {
      ($0.optionalInteger(0), $0.optionalInteger(1))
    }
    let endsExactly = ends.contains { until, exact in until == last && (exact ?? 0) & 2 != 0 }
    return endsExactly ? max(wall, try reading.index.point(last + 1).wall) : wall
  }

  /// The first process that was seen in a namespace that is not an initial one.
  private func first(
    of life: NamespaceLife
  ) throws(SQLiteError) -> (process: ProcessRecord, parent: ProcessRecord?, isExact: Bool)? {
    // What the first sample of a recording sees may have been there long before.
    guard let sample = life.first, life.namespace.isInitial != true,
      reading.index.session(of: sample)?.first != sample
    else { return nil }
    let task = try reading.connection.prepare(
      "SELECT MIN(ABS(member)), member FROM (\(MembershipStab.inNamespace("m.task_id AS member")))"
    ).bind(MembershipStab.values(sample...sample, life.namespace)).first { $0.optionalInteger(1) }
    guard let task = task ?? nil, let found = try reading.lives.life(task: task) else { return nil }
    let parent = try reading.lives.parent(of: found.process)
    let came = found.membership(at: sample)
    var isExact = came?.from == sample && came?.beginsExactly == true
    if isExact { isExact = try reading.index.bracket(before: sample).isExact }
    return (
      found.process.described(at: sample), parent?.described(at: sample), isExact
    )
  }

  private func keepers(
    _ namespace: NamespaceRecord, _ pins: [PinRecord]
  ) throws(SQLiteError) -> NamespaceSummary.Keepers {
    guard let last = reading.index.last else {
      return .init(processes: 0, parents: 0, namespaces: 0, pins: 0)
    }
    let type = namespace.type
    let members = try tasks(namespace, by: type.link, at: last)
    let parents =
      type.linkForChildren == type.link
      ? [] : try tasks(namespace, by: type.linkForChildren, at: last).subtracting(members)
    return .init(
      processes: members.count, parents: parents.count,
      namespaces: try descendants(of: namespace, at: last),
      pins: pins.count(where: \.isInLastLook))
  }

  /// The processes of which a link leads to a namespace, in one sample.
  private func tasks(
    _ namespace: NamespaceRecord, by link: NamespaceLink, at sample: Int64
  ) throws(SQLiteError) -> Set<Int64> {
    Set(
      try reading.connection.prepare(MembershipStab.inNamespace("m.task_id"))
        .bind(
          MembershipStab.values(sample...sample) + [
            .integer(namespace.id), .integer(Int64(link.rawValue)),
          ]
        ).map { $0.integer(0) })
  }

  /// How many namespaces were made in it or are owned by it, or by one of those, and had a process in a
  /// sample, or one whose children go there.
  private func descendants(
    of namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Int {
    let count = try reading.connection.prepare(
      """
      WITH RECURSIVE below (id) AS (
        SELECT namespace_id FROM namespace WHERE parent_id = ?1
        UNION SELECT namespace_id FROM namespace WHERE owner_id = ?1
        UNION SELECT n.namespace_id FROM below CROSS JOIN namespace AS n ON n.parent_id = id
        UNION SELECT n.namespace_id FROM below CROSS JOIN namespace AS n ON n.owner_id = id)
      SELECT COUNT(*) FROM below CROSS JOIN namespace ON namespace_id = id
      WHERE namespace_id <> ?1 AND MAX(COALESCE(last_sample, ?2), COALESCE(
        \(ChildrenHolders.last(of: "namespace.namespace_id", newest: "?2")), 0)) >= ?2
      """
    ).bind(.integer(namespace.id), .integer(sample)).first { $0.integer(0) }
    return Int(count ?? 0)
  }
}
