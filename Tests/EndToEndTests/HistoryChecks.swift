// What holds of every history file, whatever happened to its recorders.

import Foundation
import Testing

extension Recording {
  /// Expects a file that SQLite finds whole, with numbers that refer to something.
  func expectWhole(at location: SourceLocation = #_sourceLocation) throws {
    #expect(try texts("PRAGMA integrity_check") == ["ok"], sourceLocation: location)
    #expect(try texts("PRAGMA foreign_key_check") == [], sourceLocation: location)
    // Sessions are ranges of samples, without a hole.
    #expect(
      try texts("SELECT sample_id FROM sample ORDER BY sample_id")
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
          first_sample IS NOT (SELECT MIN(sample_id) FROM sample WHERE session_id = s.session_id)
          OR last_sample IS NOT (SELECT MAX(sample_id) FROM sample WHERE session_id = s.session_id)
        """) == [], sourceLocation: location)
    #expect(
      try texts("SELECT membership_id FROM membership WHERE until_sample IS NULL") == [],
      sourceLocation: location)
    // No membership reaches from one session into the next.
    #expect(
      try texts(
        """
        SELECT membership_id FROM membership
        JOIN sample AS f ON f.sample_id = from_sample
        JOIN sample AS l ON l.sample_id = until_sample
        WHERE f.session_id <> l.session_id
        """) == [], sourceLocation: location)
  }
}
