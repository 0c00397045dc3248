/// A container in the list of containers-storage, which Podman and CRI-O use (`containers.go` of
/// containers/storage).
struct StorageEntry: Decodable {
  let id: String
  private let names: [String]?
  private let metadata: String?

  /// The metadata that the engine stores as JSON in a string: `pkg/domain` of libpod,
  /// `internal/storage/runtime.go` of CRI-O.
  private struct Metadata: Decodable {
    let image: String?
    let name: String?
    let nameInPod: String?
    let namespace: String?
    let isSandbox: Bool?

    private enum CodingKeys: String, CodingKey {
      case image = "image-name"
      case name
      case nameInPod = "metadata-name"
      case namespace
      case isSandbox = "pod"
    }
  }

  /// The name that Podman assigned, or the name within the pod that CRI-O received.
  var name: ContainerName? {
    let metadata: Metadata? = EngineJSON.decode(Array((metadata ?? "").utf8))
    let isSandbox = metadata?.isSandbox ?? false
    guard
      let chosen = metadata?.nameInPod?.ifFilled ?? names?.first?.ifFilled
        ?? metadata?.name?.ifFilled
    else { return nil }
    return ContainerName(
      chosen, image: metadata?.image?.ifFilled, pod: isSandbox ? chosen : nil,
      namespace: metadata?.namespace?.ifFilled, isSandbox: isSandbox)
  }
}
