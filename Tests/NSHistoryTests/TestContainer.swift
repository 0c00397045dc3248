// The containers of made up histories: of five processes three are each in one of three.

enum TestContainer {
  static let all = ["1", "2", "3"].map { String(repeating: $0, count: 64) }

  /// The container of a process by its number; nil for the others.
  static func id(of process: Int) -> String? {
    let place = process % 5
    return all.indices.contains(place) ? all[place] : nil
  }

  static func cgroup(of process: Int) -> String {
    id(of: process).map { "0::/system.slice/docker-\($0).scope" } ?? "0::/user.slice"
  }
}
