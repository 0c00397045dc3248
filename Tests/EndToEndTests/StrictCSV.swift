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
    var place = 0
    while place < bytes.count {
      record.append(try field(bytes, &place))
      guard place < bytes.count else { throw NotCSV(why: "no end of record", offset: place) }
      if bytes[place] == UInt8(ascii: ",") {
        place += 1
        guard place < bytes.count else { throw NotCSV(why: "no field", offset: place) }
        continue
      }
      guard bytes[place...].starts(with: [0x0D, 0x0A]) else {
        throw NotCSV(why: "neither comma nor CRLF", offset: place)
      }
      place += 2
      if let width = records.first?.count, width != record.count {
        throw NotCSV(why: "\(record.count) fields, not \(width)", offset: place)
      }
      records.append(record)
      record = []
    }
    return records
  }

  private static func field(_ bytes: [UInt8], _ place: inout Int) throws(NotCSV) -> String {
    var field: [UInt8] = []
    guard bytes[place] == UInt8(ascii: "\"") else {
      while place < bytes.count, bytes[place] != UInt8(ascii: ","), bytes[place] != 0x0D {
        guard bytes[place] != UInt8(ascii: "\""), bytes[place] != 0x0A else {
          throw NotCSV(why: "a bare quote or line feed", offset: place)
        }
        field.append(bytes[place])
        place += 1
      }
      return String(decoding: field, as: UTF8.self)
    }
    place += 1
    while place < bytes.count {
      if bytes[place] != UInt8(ascii: "\"") {
        field.append(bytes[place])
      } else if bytes[place...].starts(with: Array("\"\"".utf8)) {
        field.append(UInt8(ascii: "\""))
        place += 1
      } else {
        place += 1
        return String(decoding: field, as: UTF8.self)
      }
      place += 1
    }
    throw NotCSV(why: "a quote that does not end", offset: place)
  }
}
