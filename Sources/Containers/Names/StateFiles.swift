/// The files that engines store for one container. The caller has validated the id.
struct StateFiles {
  let root: StateRoot
  let home: StateHome
  let id: String

  func name(from engine: Engine) -> ContainerName? {
    switch engine {
    case .docker: docker()
    case .containerd: containerd()
    case .podman: storageList()
    case .crio: crioBundle() ?? storageList()
    case .lxc, .nspawn, .machine, .buildkit, .ecs: nil
    }
  }

  private func docker() -> ContainerName? {
    home.docker.firstValue { folder in
      let config: DockerConfig? = decode("\(folder)/containers/\(id)/config.v2.json")
      return config?.name(of: id)
    }
  }

  /// Searches two of containerd's namespaces, which are folders: that of Kubernetes, and that of
  /// nerdctl and ctr. The bundles of Docker have no names.
  private func containerd() -> ContainerName? {
    home.containerd.firstValue { state in
      ["k8s.io", "default"].firstValue { namespace in
        let folder = "\(state)/io.containerd.runtime.v2.task/\(namespace)/\(id)"
        let bundle: BundleConfig? = decode("\(folder)/config.json")
        return bundle?.containerdName
      }
    }
  }

  private func crioBundle() -> ContainerName? {
    storageFolders(home.storageRun).firstValue { folder in
      let bundle: BundleConfig? = decode("\(folder)/\(id)/userdata/config.json")
      return bundle?.crioName
    }
  }

  /// Searches the lists of containers-storage. Containers that do not outlive the current boot, such as
  /// all containers of CRI-O and those of `podman run --rm`, are in a separate list.
  private func storageList() -> ContainerName? {
    storageFolders(home.storage + home.storageRun).firstValue { folder in
      ["containers.json", "volatile-containers.json"].firstValue { file in
        let list: [StorageEntry]? = decode("\(folder)/\(file)")
        return list?.first { $0.id == id }?.name
      }
    }
  }

  /// Returns the folders of containers-storage, which names each after its storage driver.
  private func storageFolders(_ directories: [String]) -> [String] {
    directories.flatMap { directory in
      ["overlay", "btrfs", "vfs", "zfs"].map { "\(directory)/\($0)-containers" }
    }
  }

  private func decode<Form: Decodable>(_ path: String) -> Form? {
    guard let text = root.read(path, owner: home.owner) else { return nil }
    return EngineJSON.decode(text)
  }
}

extension Array {
  /// Returns the first value that `find` returns for an element.
  fileprivate func firstValue<Value>(_ find: (Element) -> Value?) -> Value? {
    for element in self {
      if let value = find(element) { return value }
    }
    return nil
  }
}
