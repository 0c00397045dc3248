/// What people call a container, as its engine wrote it down. Any part may hold any text: the image
/// and the labels come from whoever made the container.
package struct ContainerName: Sendable, Hashable {
  /// The name; in a Kubernetes pod the name within the pod. Where `isSandbox`, the pod's.
  package var name: String
  /// The image, as it was asked for.
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
