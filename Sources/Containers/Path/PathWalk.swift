/// Walks down the path of a cgroup, from the root of the hierarchy, and collects the containers and the
/// unit on the way.
struct PathWalk {
  private(set) var containers: [ContainerIdentity] = []
  private(set) var unit: String?
  /// Whether the rest of the path names no container, because it belongs to a process that monitors
  /// one.
  private(set) var isOver = false

  private var above = Ancestors()
  /// The pod and the user of the next container, if the path has named them so far.
  private var pod: String?
  private var user: UInt32?
  /// The index in `containers` of each container with an id of 64 digits. A path names such a container twice
  /// if the cgroup is mounted in the container under its full path, and a program creates cgroups below it.
  private var indices: [String: Int] = [:]
  /// Whether the current component itself denotes a container.
  private var justEntered = false

  /// Processes the next component.
  mutating func step(_ part: ArraySlice<UInt8>) {
    if part.elementsEqual("..".utf8) { return }
    if let name = UnitName.of(part) { unit = name }
    if let uid = PodName.beside(part) { pod = uid }
    switch PathComponent(part, below: above) {
    case .container(let engine, let id): enter(engine, id)
    case .payload(let id): enterPayload(id)
    case .pod(let uid): pod = uid
    // A slice within a container belongs to the container's own systemd and its own users.
    case .user(let uid): user = containers.isEmpty ? uid : nil
    case .monitor: isOver = true
    case .monitorOfParent:
      containers.removeLast()
      isOver = true
    case .other: break
    }
    above.push(part, isContainer: justEntered)
    justEntered = false
  }

  private mutating func enter(_ engine: Engine?, _ id: String) {
    let found = ContainerIdentity(engine: engine, id: id, pod: pod, user: user)
    pod = nil
    user = nil
    if HexID.isID(id) {
      if let index = indices[id] { return containers[index].learn(from: found) }
      indices[id] = containers.count
    }
    containers.append(found)
    justEntered = true
  }

  /// Processes the cgroup `payload`, in which systemd-nspawn runs the processes of the container, below
  /// the unit of the container.
  private mutating func enterPayload(_ id: String) {
    if above.isContainer {
      containers[containers.count - 1].engine = .nspawn
    } else {
      enter(.nspawn, id)
    }
  }
}

extension ContainerIdentity {
  /// Adds the details that another path component names for the same container.
  mutating func learn(from other: ContainerIdentity) {
    engine = engine ?? other.engine
    pod = pod ?? other.pod
    user = user ?? other.user
  }
}
