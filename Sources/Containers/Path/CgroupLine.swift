/// One line of `/proc/PID/cgroup`, `N:controllers:/path`, and the containers and the unit that its path
/// names (cgroups(7)).
struct CgroupLine {
  private(set) var containers: [ContainerIdentity]
  private(set) var unit: String?
  /// The controllers of the line's hierarchy; none in version 2.
  let controllers: [ArraySlice<UInt8>]
  /// The part of the path down to the outermost container; nil if there is no container.
  private(set) var outermost: ArraySlice<UInt8>?
  /// The user to whom systemd delegated the subtree that contains the outermost container
  /// (`user@UID.service` of user@.service(5)).
  private(set) var delegate: UInt32?
  /// Whether systemd itself manages processes in this hierarchy, so that the unit in this line takes
  /// precedence over the unit in another line.
  private var isOfSystemd: Bool

  /// A line that names no container and no unit.
  static let empty = CgroupLine()

  private init() {
    containers = []
    controllers = []
    isOfSystemd = false
  }

  /// Parses a line; returns nil if it is malformed.
  init?(_ line: ArraySlice<UInt8>) {
    // The path may contain colons.
    let fields = line.split(
      separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, fields[2].first == UInt8(ascii: "/") else { return nil }
    var path = fields[2]
    let isUnified = fields[1].isEmpty
    // The kernel appends this text to the path of a removed version 2 cgroup, which only a zombie can
    // still be in.
    if isUnified, path.hasSuffix(" (deleted)") { path = path.dropLast(10) }
    var walk = PathWalk()
    for part in path.split(separator: UInt8(ascii: "/")) where !walk.isOver {
      if outermost == nil, let digits = part.between("user@", ".service") {
        delegate = Decimal.parse(digits).flatMap { $0 == 0 ? nil : $0 } ?? delegate
      }
      walk.step(part)
      if outermost == nil, !walk.containers.isEmpty {
        outermost = path[path.startIndex..<part.endIndex]
      }
    }
    controllers =
      isUnified ? [] : fields[1].split(separator: UInt8(ascii: ","))
    containers = walk.containers
    unit = walk.unit
    isOfSystemd = isUnified || fields[1].elementsEqual("name=systemd".utf8)
  }

  func sameContainers(as other: CgroupLine) -> Bool {
    containers.count == other.containers.count
      && zip(containers, other.containers).allSatisfy { $0.id == $1.id }
  }

  func hasMoreDetail(than other: CgroupLine) -> Bool {
    containers.count > other.containers.count
      || containers.count == other.containers.count && detail > other.detail
  }

  private var detail: Int {
    containers.reduce(0) { $0 + ($1.engine == nil ? 0 : 1) + ($1.pod == nil ? 0 : 1) }
  }

  /// Adds the details that another line gives of the same containers, and its unit if that takes precedence.
  mutating func learn(from other: CgroupLine) {
    for index in containers.indices {
      containers[index].learn(from: other.containers[index])
    }
    if other.unit != nil, unit == nil || other.isOfSystemd && !isOfSystemd {
      unit = other.unit
      isOfSystemd = other.isOfSystemd
    }
  }
}
