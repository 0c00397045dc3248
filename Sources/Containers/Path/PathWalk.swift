/// Walks down the path of a cgroup, from the root of the hierarchy, and gathers what it passes.
struct PathWalk {
  private(set) var containers: [ContainerIdentity] = []
  private(set) var unit: String?
  /// Whether the rest of the path says nothing of a container: it belongs to who watches one.
  private(set) var isOver = false

  private var above = Ancestors()
  /// What is known of the next container.
  private var pod: String?
  private var user: UInt32?
  /// Where each id of 64 digits was observed: a cgroup that is mounted into a container shows up twice.
  private var places: [String: Int] = [:]
  /// Whether this component is a container by itself.
  private var justEntered = false

  /// Goes down one component.
  mutating func step(_ part: ArraySlice<UInt8>) {
    if part.elementsEqual("..".utf8) { return }
    if let name = UnitName.of(part) { unit = name }
    if let uid = PodName.beside(part) { pod = uid }
    switch PathComponent(part, below: above) {
    case .container(let engine, let id): enter(engine, id)
    case .payload(let id): enterPayload(id)
    case .pod(let uid): pod = uid
    // A slice within a container is of its own systemd, and of its own users.
    case .user(let uid): user = containers.isEmpty ? uid : nil
    case .watcher: isOver = true
    case .watcherOfLast:
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
      if let place = places[id] { return containers[place].learn(from: found) }
      places[id] = containers.count
    }
    containers.append(found)
    justEntered = true
  }

  /// systemd-nspawn puts what it runs into a cgroup of that name, below the unit it is in.
  private mutating func enterPayload(_ id: String) {
    if above.isContainer {
      containers[containers.count - 1].engine = .nspawn
    } else {
      enter(.nspawn, id)
    }
  }
}

extension ContainerIdentity {
  /// Takes over what another finding of the same container says further.
  mutating func learn(from other: ContainerIdentity) {
    engine = engine ?? other.engine
    pod = pod ?? other.pod
    user = user ?? other.user
  }
}
