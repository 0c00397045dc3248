/// Looks up the names of containers in the files that their engines keep.
///
/// Nothing is asked of an engine, and nothing is remembered: each look reads files anew, so it
/// belongs on a thread that may wait. A name is found only where the engine keeps its files in its
/// usual place and this process may read them (most are root's alone). The names of LXC, Incus,
/// systemd-nspawn and machines are their ids.
///
/// What the files say is not trusted: no path leads out of the root, none is read that is no plain
/// file or too large, and what is not in the engine's form gives no name. Of a user's files only
/// those that belong to that user are read, as else a link could have others' read for them.
package final class ContainerNames: Sendable {
  private let root: StateRoot

  /// Opens a root folder: `/`, or where the host's is mounted.
  package init(root: String) throws(ContainerNamesError) {
    self.root = try StateRoot(path: root)
  }

  /// The name of a container; nil where there is none to be found.
  package func name(of container: ContainerIdentity) -> ContainerName? {
    switch container.engine {
    case .lxc, .nspawn, .machine: return ContainerName(container.id)
    case .buildkit: return nil
    case .docker, .containerd, .crio, .podman, .ecs, nil: break
    }
    // What is not an id does not become part of a path.
    guard HexID.isID(container.id) else { return nil }
    for home in homes(of: container) {
      for engine in Self.engines(of: container.engine) {
        let files = StateFiles(root: root, home: home, id: container.id)
        if let name = files.name(from: engine) { return name }
      }
    }
    return nil
  }

  /// The names of containers, of those that have one; also of those whose engines keep their files
  /// elsewhere, where running processes say where.
  package func names(of containers: [ContainerIdentity]) -> [ContainerIdentity: ContainerName] {
    var found: [ContainerIdentity: ContainerName] = [:]
    for container in containers { found[container] = name(of: container) }
    let rest = containers.filter { found[$0] == nil && HexID.isID($0.id) }
    guard !rest.isEmpty else { return found }
    let processes = EngineProcesses(root)
    for container in rest { found[container] = name(of: container, by: processes) }
    return found
  }

  private func name(
    of container: ContainerIdentity, by processes: EngineProcesses
  ) -> ContainerName? {
    // The owner of what others than root can have made is not root.
    guard let user = container.user ?? (container.isMadeByRoot == false ? nil : 0) else {
      return nil
    }
    let owner: UInt32? = user == 0 ? nil : user
    let engines = Self.engines(of: container.engine)
    for monitor in processes.monitors[container.id] ?? []
    where monitor.user == user && engines.contains(.podman) {
      let home = StateHome.other(storage: monitor.storage, docker: [], owner: owner)
      let files = StateFiles(root: root, home: home, id: container.id)
      if let name = files.name(from: .podman) ?? monitor.name.map({ ContainerName($0) }) {
        return name
      }
    }
    let folders = processes.docker.filter { $0.user == user }.map(\.folder)
    guard !folders.isEmpty, engines.contains(.docker) else { return nil }
    let home = StateHome.other(storage: [], docker: folders, owner: owner)
    return StateFiles(root: root, home: home, id: container.id).name(from: .docker)
  }

  /// The engine first that the path named. Amazon's agent has Docker run its tasks.
  private static func engines(of named: Engine?) -> [Engine] {
    switch named {
    case nil: [.containerd, .docker, .crio, .podman]
    case .ecs: [.docker]
    case .some(let engine): [engine]
    }
  }

  /// A container in the slice of a user may still be one that the user had root make. One that somebody
  /// else than root can have made is none of root's, whatever its id.
  private func homes(of container: ContainerIdentity) -> [StateHome] {
    let system: [StateHome] = container.isMadeByRoot == false ? [] : [.system]
    guard let user = container.user else { return system }
    return [.user(user, home: UserHome.path(of: user, in: root))] + system
  }
}
