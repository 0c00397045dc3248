/// How much of the past a recorder retains.
package struct RetentionLimits: Sendable, Hashable {
  /// The age, in nanoseconds, up to which nothing is removed because of its age; nil for no limit.
  package var keep: Int64?
  /// The greatest size in bytes of the file together with its `-wal` file; nil for no limit.
  package var maxSize: Int64?

  /// Limits with these values.
  package init(keep: Int64? = nil, maxSize: Int64? = nil) {
    self.keep = keep
    self.maxSize = maxSize
  }

  /// The smallest size that can be asked for: 16 MiB. A machine of 10,000 processes takes about 6 MiB at once, the
  /// `-wal` file takes 2 MiB, and a minute in which 1,000 processes a second start and exit takes 6 MiB.
  package static let leastSize: Int64 = 16 << 20
}

/// The sizes, in bytes, that keep a file and its `-wal` file below a limit.
struct SizeBounds: Hashable {
  /// The limit.
  let maxSize: Int64
  /// The size at which SQLite copies the `-wal` file into the main file, and to which it then cuts it.
  let log: Int64
  /// The greatest size of the main file.
  let file: Int64
  /// The size of all pages in use above which retention begins to remove rows.
  let high: Int64
  /// The size of all pages in use down to which retention then removes rows.
  let low: Int64

  init(maxSize: Int64) {
    self.maxSize = maxSize
    log = min(max(maxSize / 16, 1 << 20), 4 << 20)
    // A transaction may write more than `log` before SQLite copies the `-wal` file.
    file = maxSize - 2 * log
    high = file - maxSize / 32
    low = high - maxSize / 64
  }
}
