internal import SQLite

/// Lays the shape that questions rely on over the tables of an older file: views and empty tables of
/// the reader's own, found before those of the file. The file is not altered.
enum OlderShape {
  static func lay(over connection: Connection, version: Int64) throws(SQLiteError) {
    if version < 3 { try layEvents(over: connection) }
    if version < 4 { try layPins(over: connection) }
    if version < 7 { try layLimits(over: connection, version: version) }
    if version < 8 { try layDescriptions(over: connection, version: version) }
    if version < 9 { try installSessionFiles(on: connection) }
  }

  /// Over a file that has no events yet.
  private static func layEvents(over connection: Connection) throws(SQLiteError) {
    try connection.execute(
      """
      CREATE TEMP VIEW sample AS SELECT *, NULL AS exact, NULL AS disagreements, NULL AS folded FROM main.sample;
      CREATE TEMP VIEW session AS SELECT *, NULL AS events, NULL AS short_lived FROM main.session;
      CREATE TEMP VIEW membership AS SELECT *, NULL AS exact FROM main.membership;
      CREATE TEMP TABLE event_batch (first_sample INTEGER PRIMARY KEY, session_id, wall_ns, boot_ns,
        offsets);
      CREATE TEMP TABLE event_loss (sample_id INTEGER PRIMARY KEY, after_ns, by_ns, records, cause);
      CREATE TEMP TABLE brief (from_sample INTEGER PRIMARY KEY, length, pid, set_id, parent_task_id,
        comm, uid, cgroup_id, task_id, until_sample, exact, provenance);
      """)
  }

  /// Over one in which a process has one description.
  private static func layDescriptions(
    over connection: Connection, version: Int64
  ) throws(SQLiteError) {
    var columns = "*, NULL AS has_past, NULL AS last_parent_pid, NULL AS provenance"
    if version < 2 { columns += ", NULL AS parent_task_id" }
    if version < 3 { columns += ", NULL AS tid" }
    try connection.execute(
      """
      CREATE TEMP VIEW task AS SELECT \(columns) FROM main.task;
      CREATE TEMP TABLE past_description (task_id, next_seq, last_seq, exact, comm, uid, cgroup_id,
        parent_pid, provenance, PRIMARY KEY (task_id, next_seq)) WITHOUT ROWID;
      """)
    if version >= 4 {
      try connection.execute(
        "CREATE TEMP VIEW container AS SELECT *, NULL AS verified FROM main.container")
    }
    guard version >= 3 else { return }
    try connection.execute(
      "CREATE TEMP VIEW brief AS SELECT *, NULL AS provenance FROM main.brief")
  }

  /// Over a file that does not say which file its sessions were recorded into.
  private static func installSessionFiles(on connection: Connection) throws(SQLiteError) {
    try connection.execute(
      "CREATE TEMP TABLE session_file (session_id INTEGER PRIMARY KEY, device, inode, copied)")
  }

  /// Over one that has no pins, makers and containers yet. Of version 1 no question needs them.
  private static func layPins(over connection: Connection) throws(SQLiteError) {
    try connection.execute(
      """
      CREATE TEMP VIEW namespace AS SELECT *, NULL AS maker_task_id, NULL AS maker_certain FROM main.namespace;
      CREATE TEMP VIEW cgroup AS SELECT *, -1 AS container_id, NULL AS unit FROM main.cgroup;
      CREATE TEMP TABLE container (container_id INTEGER PRIMARY KEY, outer_id, engine, id, pod, owner_uid,
        name, image, pod_name, pod_namespace, sandbox, verified);
      CREATE TEMP TABLE pin_scan (scan_id INTEGER PRIMARY KEY, session_id, wall_ns, boot_ns, took_ns,
        denied);
      CREATE TEMP TABLE pin (pin_id INTEGER PRIMARY KEY, namespace_id, kind, mount_namespace_id, path,
        pid, task_id, comm, descriptor, from_scan, until_scan);
      """)
  }

  /// Lays the columns over a file that counts no folded changes and names no disagreements.
  private static func layLimits(
    over connection: Connection, version: Int64
  ) throws(SQLiteError) {
    if version >= 3 {
      try connection.execute(
        "CREATE TEMP VIEW sample AS SELECT *, NULL AS folded FROM main.sample")
    }
    try connection.execute(
      """
      CREATE TEMP TABLE disagreement (sample_id, place, pid, tid, comm, kind, reported_set_id,
        sampled_set_id)
      """)
  }
}
