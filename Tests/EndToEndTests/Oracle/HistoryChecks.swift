// Properties of every history file, whatever happened to its recorders.

import Foundation
import Testing

extension Recording {
  /// Expects the file to pass SQLite's integrity check, and its references to exist.
  func expectWhole(at location: SourceLocation = #_sourceLocation) throws {
    #expect(try texts("PRAGMA integrity_check") == ["ok"], sourceLocation: location)
    #expect(try texts("PRAGMA foreign_key_check") == [], sourceLocation: location)
    // The sequence numbers of the samples have no hole.
    #expect(
      try texts("SELECT seq FROM sample ORDER BY seq")
        == (0..<(number("SELECT COUNT(*) FROM sample") ?? 0)).map { String($0 + 1) },
      sourceLocation: location)
  }

  /// Expects every session to be closed at the last of its samples, and nothing left open.
  func expectClosed(at location: SourceLocation = #_sourceLocation) throws {
    #expect(
      try texts("SELECT session_id FROM session WHERE end_reason IS NULL") == [],
      sourceLocation: location)
    #expect(
      try texts(
        """
        SELECT session_id FROM session AS s WHERE
          first_seq IS NOT (SELECT MIN(seq) FROM sample WHERE session_id = s.session_id)
          OR last_seq IS NOT (SELECT MAX(seq) FROM sample WHERE session_id = s.session_id)
        """) == [], sourceLocation: location)
    #expect(
      try texts("SELECT membership_id FROM membership WHERE until_seq IS NULL") == [],
      sourceLocation: location)
    // No membership extends over two sessions.
    #expect(
      try texts(
        """
        SELECT membership_id FROM membership
        JOIN sample AS f ON f.seq = from_seq
        JOIN sample AS l ON l.seq = until_seq
        WHERE f.session_id <> l.session_id
        """) == [], sourceLocation: location)
  }
}
