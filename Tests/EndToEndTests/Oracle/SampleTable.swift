// The samples of a file, read by plain SQL, on which answers may be based.

import NamespaceModel
import SQLite

struct SampleTable {
  struct Sample: Equatable {
    let id: Int64
    let session: Int64
    let start: WallTime
    let end: WallTime
    let gap: Int64?
  }

  let all: [Sample]
  /// Whether the wall clock was set during the recording, or was read imprecisely beside the boot clock. Then the
  /// times that it skipped are unknown.
  let clockWasSet: Bool

  init(_ database: String) throws {
    let connection = try Connection(path: database, access: .readOnly)
    connection.setBusyTimeout(milliseconds: 2000)
    clockWasSet =
      try connection.prepare(
        """
        SELECT MAX(epoch) - MIN(epoch) > 1000000 FROM (
          SELECT wall_ns - boot_ns AS epoch FROM sample
          UNION ALL SELECT wall_ns - boot_ns FROM event_batch)
        """
      ).first { $0.integer(0) == 1 } ?? false
    all = try connection.prepare(
      "SELECT seq, session_id, wall_ns, wall_ns + duration_ns, gap FROM sample ORDER BY seq"
    ).map {
      Sample(
        id: $0.integer(0), session: $0.integer(1), start: WallTime(nanoseconds: $0.integer(2)),
        end: WallTime(nanoseconds: $0.integer(3)),
        gap: $0.optionalInteger(4))
    }
  }

  /// Returns the last sample that ended before a time and the first that started after it.
  func around(_ time: WallTime) -> (before: Sample, after: Sample)? {
    guard let before = all.last(where: { $0.end < time }),
      let after = all.first(where: { $0.start > time })
    else { return nil }
    return (before, after)
  }

  /// Whether there is a gap anywhere between two samples.
  func hasGap(after first: Sample, upTo last: Sample) -> Bool {
    all.contains {
      $0.id > first.id && $0.id <= last.id && ($0.gap != nil || $0.session != first.session)
    }
  }
}
