internal import NamespaceModel

/// For each link, its runs in the order of time.
struct LinkIntervals {
  private var runs: [[PIDHistory.LinkInterval]] = Array(repeating: [], count: NamespaceLink.count)

  subscript(link: NamespaceLink) -> [PIDHistory.LinkInterval] {
    get { runs[Int(link.rawValue)] }
    _modify { yield &runs[Int(link.rawValue)] }
  }

  /// Puts the runs of several processes into one order.
  mutating func sort() {
    for link in runs.indices { runs[link].sort { $0.from < $1.from } }
  }

  /// The run of a link that a sample is in.
  func run(_ link: NamespaceLink, at sample: Int64) -> PIDHistory.LinkInterval? {
    let all = runs[Int(link.rawValue)]
    let place = all.partitioningIndex { $0.until >= sample }
    guard place < all.count, all[place].from <= sample else { return nil }
    return all[place]
  }
}
