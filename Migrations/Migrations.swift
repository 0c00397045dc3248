// The migrations of a history file, in order. Each is a SQL file beside this one, compiled into
// the program. A migration that was released is never edited. A new one is listed here and in Package.swift.

/// One step of the schema of a history file.
package struct Migration: Sendable {
  /// The version of the schema after this step, counted from 1. A history file stores its version as `user_version`.
  package let version: Int64
  /// The name of its SQL file.
  package let name: String
  /// The SQL text.
  package let sql: String

  /// The 64-bit FNV-1a hash of the SQL text, in hexadecimal. A history file stores it, so that a program recognizes
  /// a file that was made with another text of the same version.
  package var checksum: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private init(_ version: Int64, _ name: String, _ text: [UInt8]) {
    self.version = version
    self.name = name
    sql = String(decoding: text, as: UTF8.self)
  }

  /// All migrations, oldest first.
  package static let all = [
    Migration(1, "V0001_history.sql", PackageResources.V0001_history_sql)
  ]
}
