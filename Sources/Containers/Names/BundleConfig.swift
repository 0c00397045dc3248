/// The `config.json` of an OCI bundle. Only its annotations hold the name of the container (`config.md`
/// of the OCI runtime specification).
struct BundleConfig: Decodable {
  private let annotations: [String: String]?

  /// The name as written by containerd's CRI plugin (`internal/cri/annotations`) or nerdctl
  /// (`pkg/labels`).
  var containerdName: ContainerName? {
    let prefix = "io.kubernetes.cri."
    return kubernetes(
      type: prefix + "container-type", name: prefix + "container-name",
      image: prefix + "image-name", pod: prefix + "sandbox-name",
      namespace: prefix + "sandbox-namespace")
      ?? value("nerdctl/name").map { ContainerName($0) }
  }

  /// The name as written by CRI-O (`pkg/annotations`, `internal/factory`), which copies the kubelet's
  /// labels.
  var crioName: ContainerName? {
    kubernetes(
      type: "io.kubernetes.cri-o.ContainerType", name: "io.kubernetes.container.name",
      image: "io.kubernetes.cri-o.ImageName", pod: "io.kubernetes.pod.name",
      namespace: "io.kubernetes.pod.namespace")
  }

  private func kubernetes(
    type: String, name: String, image: String, pod: String, namespace: String
  ) -> ContainerName? {
    let isSandbox = value(type) == "sandbox"
    guard let chosen = value(isSandbox ? pod : name) else { return nil }
    return ContainerName(
      chosen, image: value(image), pod: value(pod), namespace: value(namespace),
      isSandbox: isSandbox)
  }

  private func value(_ key: String) -> String? { annotations?[key]?.ifFilled }
}
