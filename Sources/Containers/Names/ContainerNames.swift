/// Looks up the names of containers in the files that their engines store.
///
/// A lookup sends no request to an engine and caches nothing: each lookup reads the files again, so the
/// caller should run it on a thread that may block. A lookup finds a name only if the engine stores its
/// files in the usual directories and this process may read them (most are readable by root alone). For
/// LXC, Incus, systemd-nspawn and machines the name is the id.
///
/// The files are untrusted input. A lookup follows no path out of the root, reads only regular files of
/// limited size, and ignores content that is not in the engine's form. In a user's directories it reads
/// only files that belong to the user, because a link there could otherwise make it read the files of
/// others.
package final class ContainerNames: Sendable {
  private let root: StateRoot

  /// Opens a root directory: `/`, or the directory where the host's root is mounted.
  package init(root: String) throws(ContainerNamesError) {
    self.root = try StateRoot(path: root)
  }

  /// Returns the name of a container; nil if none is found.
  package func name(of container: ContainerIdentity) -> ContainerName? {
    switch container.engine {
    case .lxc, .nspawn, .machine: return ContainerName(container.id)
    case .buildkit: return nil
    case .docker, .containerd, .crio, .podman, .ecs, nil: break
    }
    // Only a valid id becomes part of a path.
    guard HexID.isID(container.id) else { return nil }
    for home in homes(of: container) {
      for engine in Self.engines(of: container.engine) {
        let files = StateFiles(root: root, home: home, id: container.id)
        if let name = files.name(from: engine) { return name }
      }
    }
    return nil
  }

  /// Returns the names of the containers that have one. Also finds containers whose engine stores its
  /// files elsewhere, if the arguments of a running engine process name the directory.
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
    // A container without a user is root's, unless a user other than root can have created it.
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

  /// Returns the engines whose files may hold the name: the engine that the cgroup path names, or else
  /// all. For a task of Amazon ECS it is Docker, which the ECS agent uses to run tasks.
  private static func engines(of named: Engine?) -> [Engine] {
    switch named {
    case nil: [.containerd, .docker, .crio, .podman]
    case .ecs: [.docker]
    case .some(let engine): [engine]
    }
  }

  /// Returns the state directories to search, the user's first. A container in a user's slice may still
  /// be root's, because the user may have asked root to create it. A container that a user other than
  /// root can have created is not root's, whatever its id.
  private func homes(of container: ContainerIdentity) -> [StateHome] {
    let system: [StateHome] = container.isMadeByRoot == false ? [] : [.system]
    guard let user = container.user else { return system }
    return [.user(user, home: UserHome.path(of: user, in: root))] + system
  }
}
