// The migrations of a history file, in order. Each is a SQL file beside this one, compiled into
// the program; one that was shipped is never edited. A new one is listed here and in Package.swift.

/// One step of the schema of a history file.
package struct Migration: Sendable {
  /// Counts from 1; kept in the file as `user_version`.
  package let version: Int64
  /// The name of its SQL file.
  package let name: String
  /// The SQL text.
  package let sql: String

  /// FNV-1a, 64 bits, in hexadecimal: tells a file made by another text of the same version.
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

  /// All of them, oldest first.
  package static let all = [
    Migration(1, "V0001_history.sql", PackageResources.V0001_history_sql)
  ]
}
