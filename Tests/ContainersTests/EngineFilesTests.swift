// Reads the names of containers from files as each engine writes them. The comment above each test names the engine's
// source file that writes that form.

import Testing

@testable import Containers

struct EngineFilesTests {
  private let root: FakeRoot

  init() throws { root = try FakeRoot() }

  // moby, daemon/container/container.go: toDisk.
  @Test("Docker")
  func docker() throws {
    try root.write(FakeRoot.docker(), FakeRoot.dockerText("/web"))
    #expect(try root.name(.docker) == ContainerName("web", image: "nginx:1.27"))
    #expect(try root.name(.ecs) == ContainerName("web", image: "nginx:1.27"))
    #expect(try root.name(nil) == ContainerName("web", image: "nginx:1.27"))
    #expect(try root.name(.podman) == nil)
    #expect(try root.name(.docker, Sample.other) == nil)
  }

  // cri-dockerd, core/labels.go, and kubernetes, pkg/kubelet/types/labels.go.
  @Test("Docker in Kubernetes")
  func dockerInPod() throws {
    let pod = """
      "io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop",\
      "io.kubernetes.pod.uid":"\(Sample.uid)"
      """
    let container = """
      {"io.kubernetes.docker.type":"container","io.kubernetes.container.name":"app",\(pod)}
      """
    try root.write(
      FakeRoot.docker(), FakeRoot.dockerText("/k8s_app_web-0_shop_0", labels: container))
    #expect(
      try root.name(.docker)
        == ContainerName("app", image: "nginx:1.27", pod: "web-0", namespace: "shop"))
    let sandbox = "{\"io.kubernetes.docker.type\":\"podsandbox\",\(pod)}"
    try root.write(
      FakeRoot.docker(), FakeRoot.dockerText("/k8s_POD_web-0_shop_0", labels: sandbox))
    #expect(
      try root.name(.docker)
        == ContainerName(
          "web-0", image: "nginx:1.27", pod: "web-0", namespace: "shop", isSandbox: true))
  }

  // containers/storage, containers.go; podman, libpod/storage.go. Containers started with --rm are in
  // volatile-containers.json.
  @Test(
    "Podman",
    arguments: ["var/lib/containers/storage/overlay", "var/lib/containers/storage/vfs"],
    ["containers.json", "volatile-containers.json"])
  func podman(directory: String, file: String) throws {
    let metadata = """
      {"image-name":"quay.io/nginx:latest","image-id":"\(Sample.other)","name":"web",\
      "created-at":1711141194}
      """
    try root.write(
      "\(directory)-containers/\(file)", FakeRoot.storageText("web", metadata: metadata))
    #expect(try root.name(.podman) == ContainerName("web", image: "quay.io/nginx:latest"))
    #expect(try root.name(nil) == ContainerName("web", image: "quay.io/nginx:latest"))
    #expect(try root.name(.podman, Sample.other) == ContainerName("another"))
    #expect(try root.name(.podman, String(repeating: "0", count: 64)) == nil)
    #expect(try root.name(.docker) == nil)
  }

  // cri-o, internal/factory/container, and kubernetes, pkg/kubelet/types/labels.go.
  @Test("CRI-O")
  func crio() throws {
    let bundle = "run/containers/storage/overlay-containers/\(Sample.id)/userdata/config.json"
    var annotations = [
      "io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.container.name": "app",
      "io.kubernetes.cri-o.ImageName": "quay.io/app:1", "io.kubernetes.pod.name": "web-0",
      "io.kubernetes.pod.namespace": "shop", "io.kubernetes.cri-o.Name": "k8s_app_web-0_shop_0",
    ]
    try root.write(bundle, FakeRoot.bundleText(annotations))
    #expect(
      try root.name(.crio)
        == ContainerName("app", image: "quay.io/app:1", pod: "web-0", namespace: "shop"))
    annotations["io.kubernetes.cri-o.ContainerType"] = "sandbox"
    annotations["io.kubernetes.container.name"] = "POD"
    try root.write(bundle, FakeRoot.bundleText(annotations))
    #expect(try root.name(.crio)?.name == "web-0")
    #expect(try root.name(.crio)?.isSandbox == true)
  }

  // cri-o, internal/storage/runtime.go.
  @Test("CRI-O, from the storage's list when the bundle of the container is removed")
  func crioStorage() throws {
    let file = "var/lib/containers/storage/overlay-containers/volatile-containers.json"
    let start = "{\"pod-name\":\"k8s_web-0_shop_0\",\"pod-id\":\"\(Sample.other)\","
    let container = "\(start)\"image-name\":\"a\",\"name\":\"k8s_app\",\"metadata-name\":\"app\"}"
    try root.write(file, FakeRoot.storageText("k8s_app_web-0", metadata: container))
    #expect(try root.name(.crio) == ContainerName("app", image: "a"))
    let sandbox = "\(start)\"metadata-name\":\"web-0\",\"namespace\":\"shop\",\"pod\":true}"
    try root.write(file, FakeRoot.storageText("k8s_POD_web-0", metadata: sandbox))
    #expect(
      try root.name(.crio)
        == ContainerName("web-0", pod: "web-0", namespace: "shop", isSandbox: true))
  }

  // containerd, internal/cri/annotations; k3s, pkg/daemons/config.
  @Test("containerd in Kubernetes", arguments: ["run/containerd", "run/k3s/containerd"])
  func containerd(state: String) throws {
    let bundle = "\(state)/io.containerd.runtime.v2.task/k8s.io/\(Sample.id)/config.json"
    let prefix = "io.kubernetes.cri."
    var annotations = [
      prefix + "container-type": "container", prefix + "container-name": "app",
      prefix + "image-name": "docker.io/app:1", prefix + "sandbox-id": Sample.other,
      prefix + "sandbox-name": "web-0", prefix + "sandbox-namespace": "shop",
    ]
    try root.write(bundle, FakeRoot.bundleText(annotations))
    let name = ContainerName("app", image: "docker.io/app:1", pod: "web-0", namespace: "shop")
    #expect(try root.name(.containerd) == name)
    #expect(try root.name(nil) == name)
    annotations[prefix + "container-type"] = "sandbox"
    annotations[prefix + "container-name"] = nil
    try root.write(bundle, FakeRoot.bundleText(annotations))
    #expect(try root.name(.containerd)?.name == "web-0")
    #expect(try root.name(.containerd)?.isSandbox == true)
  }

  // nerdctl, pkg/cmd/container/create.go: it writes its labels as annotations too.
  @Test("nerdctl")
  func nerdctl() throws {
    let bundle = "run/containerd/io.containerd.runtime.v2.task/default/\(Sample.id)/config.json"
    try root.write(
      bundle, FakeRoot.bundleText(["nerdctl/name": "web", "nerdctl/namespace": "default"]))
    #expect(try root.name(.containerd) == ContainerName("web"))
    try root.write(bundle, FakeRoot.bundleText([:]))
    #expect(try root.name(.containerd) == nil)
  }

  @Test(
    "an LXC or systemd container has its ID as its name, with any characters",
    arguments: [Engine.lxc, .nspawn, .machine], ["web", "../../etc/passwd", "a/b", ""])
  func ids(engine: Engine, id: String) throws {
    #expect(try root.name(engine, id) == ContainerName(id))
  }

  @Test("a build step of BuildKit has no name")
  func build() throws { #expect(try root.name(.buildkit, Sample.build) == nil) }
}
