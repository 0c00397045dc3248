internal import NamespaceModel
internal import SQLite

/// What the links of the namespace sets were that were met last, for each type.
struct ExportSets {
  private let reader: SetReader
  private let mask: Int64
  private var sets: [Int64?]
  /// For each slot of `sets`, a value a type.
  private var values: [LinkValue]

  private static let types = NamespaceType.allCases.count

  init(_ reader: SetReader) {
    self.reader = reader
    let slots = 1 << 11
    mask = Int64(slots - 1)
    sets = Array(repeating: nil, count: slots)
    values = Array(repeating: .unread(.unseen), count: slots * Self.types)
  }

  /// In which namespace of a type those of a set are.
  mutating func value(_ type: NamespaceType, of set: Int64) throws(SQLiteError) -> LinkValue {
    let slot = Int(set & mask)
    if sets[slot] != set { try read(set, into: slot) }
    return values[slot * Self.types + Int(type.rawValue) - 1]
  }

  private mutating func read(_ set: Int64, into slot: Int) throws(SQLiteError) {
    let links = try reader.links(of: set)
    sets[slot] = set
    for type in NamespaceType.allCases {
      // A set that is read is whole.
      values[slot * Self.types + Int(type.rawValue) - 1] = links[type.link] ?? .unread(.unseen)
    }
  }
}
