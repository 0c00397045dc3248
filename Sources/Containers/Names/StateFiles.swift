/// The files that engines keep of one container. Its id has been checked.
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

  /// containerd's namespaces, which are folders: Kubernetes', and that of nerdctl and ctr. Docker's
  /// bundles have no names.
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

  /// Containers that are not to outlive the machine's run, as all of CRI-O's and those of
  /// `podman run --rm`, are in a list of their own.
  private func storageList() -> ContainerName? {
    storageFolders(home.storage + home.storageRun).firstValue { folder in
      ["containers.json", "volatile-containers.json"].firstValue { file in
        let list: [StorageEntry]? = decode("\(folder)/\(file)")
        return list?.first { $0.id == id }?.name
      }
    }
  }

  /// containers-storage names its folders after the driver of the file system.
  private func storageFolders(_ places: [String]) -> [String] {
    places.flatMap { place in
      ["overlay", "btrfs", "vfs", "zfs"].map { "\(place)/\($0)-containers" }
    }
  }

  private func decode<Form: Decodable>(_ path: String) -> Form? {
    guard let text = root.read(path, owner: home.owner) else { return nil }
    return EngineJSON.decode(text)
  }
}

extension Array {
  /// The first value that is found for an element.
  fileprivate func firstValue<Value>(_ find: (Element) -> Value?) -> Value? {
    for element in self {
      if let value = find(element) { return value }
    }
    return nil
  }
}
