/// The name by which users know a container, with its image and pod, as the engine stored them. Each part
/// may be any text, because the image and the labels come from the person who created the container.
package struct ContainerName: Sendable, Hashable {
  /// The name; in a Kubernetes pod, the name within the pod. If `isSandbox`, the name of the pod.
  package var name: String
  /// The image, as named in the request to create the container.
  package var image: String?
  /// The name of the pod.
  package var pod: String?
  /// The Kubernetes namespace of the pod.
  package var namespace: String?
  /// Whether this is the container that only holds a pod together (`pause`).
  package var isSandbox: Bool

  /// A name with these parts.
  package init(
    _ name: String, image: String? = nil, pod: String? = nil, namespace: String? = nil,
    isSandbox: Bool = false
  ) {
    self.name = name
    self.image = image
    self.pod = pod
    self.namespace = namespace
    self.isSandbox = isSandbox
  }
}
