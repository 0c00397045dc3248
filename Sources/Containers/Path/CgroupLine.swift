/// One line of `/proc/PID/cgroup`, `N:controllers:/path`, and what its path says (cgroups(7)).
struct CgroupLine {
  private(set) var containers: [ContainerIdentity]
  private(set) var unit: String?
  /// The controllers of its hierarchy; none in version 2.
  let controllers: [ArraySlice<UInt8>]
  /// The path down to the outermost container; nil where there is none.
  private(set) var outermost: ArraySlice<UInt8>?
  /// The user that systemd gave the part of the hierarchy to that the outermost container is in
  /// (`user@UID.service` of user@.service(5)).
  private(set) var delegate: UInt32?
  /// Where systemd itself keeps the process: its word on the unit counts first.
  private var isOfSystemd: Bool

  /// What no line says.
  static let empty = CgroupLine()

  private init() {
    containers = []
    controllers = []
    isOfSystemd = false
  }

  /// Reads a line; nil for what is none.
  init?(_ line: ArraySlice<UInt8>) {
    // The path may hold colons of its own.
    let fields = line.split(
      separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, fields[2].first == UInt8(ascii: "/") else { return nil }
    var path = fields[2]
    let isUnified = fields[1].isEmpty
    // The kernel says so of a cgroup of version 2 that is gone, below a zombie.
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

  func saysMore(than other: CgroupLine) -> Bool {
    containers.count > other.containers.count
      || containers.count == other.containers.count && detail > other.detail
  }

  private var detail: Int {
    containers.reduce(0) { $0 + ($1.engine == nil ? 0 : 1) + ($1.pod == nil ? 0 : 1) }
  }

  /// Takes over what another line says further of the same containers.
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
