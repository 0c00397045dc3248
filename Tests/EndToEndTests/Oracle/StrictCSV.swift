// A strict parser of CSV after RFC 4180: CRLF after every record, and quotes where they are needed.

/// An error in a text that should be CSV.
struct NotCSV: Error, Equatable {
  let why: String
  let offset: Int
}

enum StrictCSV {
  /// Returns the records of a text. All have as many fields as the first.
  static func parse(_ text: String) throws(NotCSV) -> [[String]] {
    let bytes = Array(text.utf8)
    var records: [[String]] = []
    var record: [String] = []
    var offset = 0
    while offset < bytes.count {
      record.append(try field(bytes, &offset))
      guard offset < bytes.count else { throw NotCSV(why: "no end of record", offset: offset) }
      if bytes[offset] == UInt8(ascii: ",") {
        offset += 1
        guard offset < bytes.count else { throw NotCSV(why: "no field", offset: offset) }
        continue
      }
      guard bytes[offset...].starts(with: [0x0D, 0x0A]) else {
        throw NotCSV(why: "neither comma nor CRLF", offset: offset)
      }
      offset += 2
      if let width = records.first?.count, width != record.count {
        throw NotCSV(why: "\(record.count) fields, not \(width)", offset: offset)
      }
      records.append(record)
      record = []
    }
    return records
  }

  private static func field(_ bytes: [UInt8], _ offset: inout Int) throws(NotCSV) -> String {
    var field: [UInt8] = []
    guard bytes[offset] == UInt8(ascii: "\"") else {
      while offset < bytes.count, bytes[offset] != UInt8(ascii: ","), bytes[offset] != 0x0D {
        guard bytes[offset] != UInt8(ascii: "\""), bytes[offset] != 0x0A else {
          throw NotCSV(why: "a bare quote or line feed", offset: offset)
        }
        field.append(bytes[offset])
        offset += 1
      }
      return String(decoding: field, as: UTF8.self)
    }
    offset += 1
    while offset < bytes.count {
      if bytes[offset] != UInt8(ascii: "\"") {
        field.append(bytes[offset])
      } else if bytes[offset...].starts(with: Array("\"\"".utf8)) {
        field.append(UInt8(ascii: "\""))
        offset += 1
      } else {
        offset += 1
        return String(decoding: field, as: UTF8.self)
      }
      offset += 1
    }
    throw NotCSV(why: "a quote that does not end", offset: offset)
  }
}
