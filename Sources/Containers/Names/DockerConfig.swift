/// The `config.v2.json` file that Docker stores for a container (`daemon/container/container.go` of
/// moby).
struct DockerConfig: Decodable {
  private let id: String?
  private let name: String?
  private let config: Config?

  private enum CodingKeys: String, CodingKey {
    case id = "ID"
    case name = "Name"
    case config = "Config"
  }

  private struct Config: Decodable {
    let image: String?
    let labels: [String: String]?

    private enum CodingKeys: String, CodingKey {
      case image = "Image"
      case labels = "Labels"
    }
  }

  /// Returns the name in the file, if the file is of the container with this id. Kubernetes stores its
  /// own names in labels (`pkg/kubelet/types/labels.go`, cri-dockerd).
  func name(of id: String) -> ContainerName? {
    guard self.id == id, let name else { return nil }
    let labels = config?.labels ?? [:]
    let plain = name.hasPrefix("/") ? String(name.dropFirst()) : name
    let pod = labels["io.kubernetes.pod.name"]
    let isSandbox = labels["io.kubernetes.docker.type"] == "podsandbox"
    let inPod = isSandbox ? pod : labels["io.kubernetes.container.name"]
    guard let chosen = inPod ?? plain.ifFilled else { return nil }
    return ContainerName(
      chosen, image: config?.image?.ifFilled, pod: pod,
      namespace: labels["io.kubernetes.pod.namespace"], isSandbox: isSandbox)
  }
}

extension String {
  /// The string itself, or nil if it is empty.
  var ifFilled: String? { isEmpty ? nil : self }
}
