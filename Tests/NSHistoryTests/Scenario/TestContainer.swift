// The containers of random histories. Of five processes, three are in a container: each in another one of three.

enum TestContainer {
  static let all = ["1", "2", "3"].map { String(repeating: $0, count: 64) }

  /// Returns the container of a process by the process's number; nil for a process in none.
  static func id(of process: Int) -> String? {
    let index = process % 5
    return all.indices.contains(index) ? all[index] : nil
  }

  static func cgroup(of process: Int) -> String {
    id(of: process).map { "0::/system.slice/docker-\($0).scope" } ?? "0::/user.slice"
  }
}
