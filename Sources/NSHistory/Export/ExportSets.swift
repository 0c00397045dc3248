internal import NamespaceModel
internal import SQLite

/// What the links of the namespace sets were that were met last, for each type.
struct ExportSets {
  private let reader: SetReader
  /// A value a type, in their order.
  private var sets = Slots<[LinkValue]>(bits: 11)

  init(_ reader: SetReader) { self.reader = reader }

  /// In which namespace of a type those of a set are.
  mutating func value(_ type: NamespaceType, of set: Int64) throws(SQLiteError) -> LinkValue {
    let place = Int(type.rawValue) - 1
    if let known = sets[set] { return known[place] }
    let links = try reader.links(of: set)
    // A set that is read is whole.
    let values = NamespaceType.allCases.map { links[$0.link] ?? .unread(.unseen) }
    sets[set] = values
    return values[place]
  }
}
