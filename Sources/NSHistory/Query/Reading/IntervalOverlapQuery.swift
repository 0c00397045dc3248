internal import SQLite

/// SQL that finds by index who was there in a range of samples, without a look at all that ever
/// was: see `membership_span` and `membership_set` in `Migrations`.
enum IntervalOverlapQuery {
  /// Names the parameters: the range of samples as `low` and `high`, and the classes of lengths.
  ///
  /// - Parameter longest: selects the greatest length that there may be. A look into a class that
  ///   nothing is long enough for takes as long as one into any other.
  static func spans(
    _ range: String = "?, ?", longest: String = SessionSpan.lastNumber
  ) -> String {
    """
    WITH RECURSIVE
      range (low, high) AS (VALUES (\(range))),
      span (digits) AS (VALUES (0) UNION ALL SELECT digits + 1 FROM span
        WHERE digits < (SELECT MIN(20, length(printf('%o', (\(longest)))))))
    """
  }

  /// Selects columns of the memberships `m`, in any set, that overlap the range.
  ///
  /// - Parameter range: the two parameters that are its ends.
  static func everywhere(_ columns: String, _ range: String = "?, ?") -> String {
    """
    \(spans(range))
    SELECT \(columns) FROM range CROSS JOIN span CROSS JOIN membership AS m
    WHERE m.until_seq IS NOT NULL
      AND length(printf('%o', m.until_seq - m.from_seq)) = digits
      AND m.from_seq > low - (1 << 3 * digits) AND m.from_seq <= high
      AND m.until_seq >= low
    UNION ALL
    SELECT \(columns) FROM range CROSS JOIN membership AS m
    WHERE m.until_seq IS NULL AND m.from_seq <= high
    UNION ALL
    SELECT \(columns) FROM range CROSS JOIN short_lived_task AS m
    WHERE m.from_seq BETWEEN \(batch()) AND high AND m.until_seq >= low
    """
  }

  /// From where on a process that is in `short_lived_task` may have been there at `low`: all of its life is
  /// in one batch.
  static func batch(_ low: String = "low") -> String {
    """
    COALESCE((SELECT MAX(first_seq) FROM event_batch WHERE first_seq <= \(low)), \(low))
    """
  }

  /// The same of those in the sets in which a namespace is by one link: two parameters more, the
  /// namespace and the link.
  static func inNamespace(_ columns: String) -> String {
    inSets(columns, "l.namespace_id = ? AND l.link = ?")
  }

  /// The same of those in the sets in which a namespace is by either of two links: three parameters
  /// more, the namespace and the links.
  static func holding(_ columns: String) -> String {
    inSets(columns, "l.namespace_id = ? AND l.link IN (?, ?)")
  }

  /// The same of those in the sets in which any of some namespaces is by the link of the process's own: a
  /// parameter more, their list.
  static func inAnyOf(_ columns: String) -> String {
    let links = NamespaceType.allCases.map { "\($0.link.rawValue)" }.joined(separator: ", ")
    return inSets(
      columns,
      "l.namespace_id IN (SELECT value FROM json_each(?)) AND l.link IN (\(links))")
  }

  /// The same of those in the sets in which a namespace is by a link for children, and not by that of
  /// the process's own: two parameters more, the namespace and the link.
  static func byChildrenAlone(_ columns: String) -> String {
    // A link for children has the code behind that of the process's own (`namespace_links`).
    inSets(
      columns,
      """
      l.namespace_id = ? AND l.link = ? AND NOT EXISTS (
        SELECT 1 FROM namespace_set_link AS o WHERE o.set_id = l.set_id AND o.link = l.link - 1
          AND o.namespace_id = l.namespace_id)
      """)
  }

  /// The same of those in the sets of which a link could not be read, for one reason: a parameter
  /// more.
  static func unread(_ columns: String) -> String { inSets(columns, "l.unread = ?") }

  /// Selects the memberships in the sets of which one link could not be read, and why: as `task`,
  /// `first`, `last` and `unread`; a parameter more, the link.
  static let unreadLink = """
    \(spans()),
      chosen (set_id, why) AS MATERIALIZED (
        SELECT l.set_id, l.unread FROM namespace_set_link AS l
        WHERE l.unread IS NOT NULL AND l.link = ?)
    SELECT m.task_id AS task, m.from_seq AS first, m.until_seq AS last, why AS unread
    FROM range CROSS JOIN chosen AS s CROSS JOIN membership AS m
    WHERE m.set_id = s.set_id AND m.from_seq <= high AND COALESCE(m.until_seq, high) >= low
    UNION ALL
    SELECT m.task_id, m.from_seq, m.until_seq, why
    FROM range CROSS JOIN chosen AS s CROSS JOIN short_lived_task AS m
    WHERE m.set_id = s.set_id AND m.from_seq <= high AND m.until_seq >= low
    """

  private static func inSets(_ columns: String, _ condition: String) -> String {
    """
    \(spans()),
      chosen (set_id) AS MATERIALIZED (
        SELECT DISTINCT l.set_id FROM namespace_set_link AS l WHERE \(condition))
    SELECT \(columns) FROM range CROSS JOIN chosen AS s
      CROSS JOIN span CROSS JOIN membership AS m
    WHERE m.set_id = s.set_id
      AND CASE WHEN m.until_seq IS NULL THEN 0
               ELSE length(printf('%o', m.until_seq - m.from_seq)) END = digits
      AND m.from_seq > CASE digits WHEN 0 THEN 0 ELSE low - (1 << 3 * digits) END
      AND m.from_seq <= high AND COALESCE(m.until_seq, high) >= low
    UNION ALL
    SELECT \(columns) FROM range CROSS JOIN chosen AS s CROSS JOIN short_lived_task AS m
    WHERE m.set_id = s.set_id AND m.from_seq BETWEEN \(batch()) AND high
      AND m.until_seq >= low
    """
  }

  /// The values for the range.
  static func values(_ samples: ClosedRange<Int64>) -> [Value] {
    [.integer(samples.lowerBound), .integer(samples.upperBound)]
  }

  /// The values for a namespace.
  static func values(_ samples: ClosedRange<Int64>, _ namespace: NamespaceRecord) -> [Value] {
    values(samples) + [.integer(namespace.id), .integer(Int64(namespace.type.link.rawValue))]
  }
}
