internal import SQLite

/// Lays the shape that questions rely on over the tables of an older file: views and empty tables of
/// the reader's own, found before those of the file. The file is not altered.
enum OlderShape {
  /// Of a file that has no events yet.
  static func lay(over connection: Connection, version: Int64) throws(SQLiteError) {
    guard version < 3 else { return }
    try connection.execute(
      """
      CREATE TEMP VIEW sample AS SELECT *, NULL AS exact, NULL AS disagreements FROM main.sample;
      CREATE TEMP VIEW session AS SELECT *, NULL AS events, NULL AS short_lived FROM main.session;
      CREATE TEMP VIEW membership AS SELECT *, NULL AS exact FROM main.membership;
      CREATE TEMP VIEW task AS SELECT *, NULL AS tid FROM main.task;
      CREATE TEMP TABLE event_batch (first_sample INTEGER PRIMARY KEY, session_id, wall_ns, boot_ns,
        offsets);
      CREATE TEMP TABLE event_loss (sample_id INTEGER PRIMARY KEY, after_ns, by_ns, records, cause);
      CREATE TEMP TABLE brief (from_sample INTEGER PRIMARY KEY, length, pid, set_id, parent_task_id,
        comm, uid, cgroup_id, task_id, until_sample, exact);
      """)
  }
}
