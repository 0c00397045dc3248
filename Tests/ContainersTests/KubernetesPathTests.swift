// Paths of containers in Kubernetes pods, with either cgroup driver of the kubelet
// (pkg/kubelet/cm/cgroup_manager_linux.go of kubernetes). Beside each row is where it comes from.

import Testing

@testable import Containers

struct KubernetesPathTests {
  private static let id = Sample.id
  private static let slice = "kubepods-burstable-pod\(Sample.uidInSlice).slice"

  private static func found(
    _ engine: Engine?, pod: String = Sample.uid
  ) -> ContainerIdentity { ContainerIdentity(engine: engine, id: id, pod: pod) }

  @Test(
    "cgroupfs: the path does not name the engine",
    arguments: [
      PlaceCase("0::/kubepods/burstable/pod\(Sample.uid)/\(id)", found(nil)),
      PlaceCase("4:pids:/kubepods/besteffort/pod\(Sample.uid)/\(id)", found(nil)),
      // Guaranteed pods have no level of their own.
      PlaceCase("0::/kubepods/pod\(Sample.uid)/\(id)", found(nil)),
      // A static pod's UID is a hash (pkg/kubelet/config/common.go).
      PlaceCase("0::/kubepods/burstable/pod\(Sample.hash)/\(id)", found(nil, pod: Sample.hash)),
      // cri-o, internal/config/cgmgr/cgroupfs_linux.go.
      PlaceCase("0::/kubepods/burstable/pod\(Sample.uid)/crio-\(id)", found(.crio)),
      PlaceCase("0::/crio/crio-\(id)", ContainerIdentity(engine: .crio, id: id)),
      // kind sets --cgroup-root=/kubelet (pkg/cluster/internal/kubeadm/config.go).
      PlaceCase("0::/kubelet/kubepods/burstable/pod\(Sample.uid)/\(id)", found(nil)),
      // Docker Desktop, in spiffe/spire's tests of its workload attestor.
      PlaceCase("2:cpu:/kubepods/kubepods/besteffort/pod\(Sample.uid)/\(id)", found(nil)),
    ])
  func cgroupfs(row: PlaceCase) { check(row) }

  @Test(
    "systemd",
    arguments: [
      // containerd, internal/cri/server/helpers.go: "cri-containerd".
      PlaceCase(
        "0::/kubepods.slice/kubepods-burstable.slice/\(slice)/cri-containerd-\(id).scope",
        found(.containerd), unit: "cri-containerd-\(id).scope"),
      PlaceCase(
        "0::/kubepods.slice/kubepods-pod\(Sample.uidInSlice).slice/cri-containerd-\(id).scope",
        found(.containerd), unit: "cri-containerd-\(id).scope"),
      // cri-o, internal/config/cgmgr/systemd_linux.go, and below it crun's "container".
      PlaceCase(
        "0::/kubepods.slice/kubepods-burstable.slice/\(slice)/crio-\(id).scope/container",
        found(.crio), unit: "crio-\(id).scope"),
      // cri-dockerd.
      PlaceCase(
        "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/\(slice)/docker-\(id).scope",
        found(.docker), unit: "docker-\(id).scope"),
      PlaceCase(
        "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/\(slice)/\(id)", found(nil)),
      // kind, as above.
      PlaceCase(
        "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-\(slice)/cri-containerd-\(id).scope",
        found(.containerd), unit: "cri-containerd-\(id).scope"),
      // open-telemetry/opentelemetry-java: containerd is not told that the kubelet uses systemd.
      PlaceCase("11:perf_event:/\(slice):cri-containerd:\(id)", found(.containerd)),
      PlaceCase(
        "1:name=systemd:/system.slice/containerd.service/\(slice):cri-containerd:\(id)",
        found(.containerd), unit: "containerd.service"),
    ])
  func systemd(row: PlaceCase) { check(row) }

  @Test(
    "a pod by itself is no container",
    arguments: [
      PlaceCase("0::/kubepods.slice/kubepods-burstable.slice/\(slice)"),
      PlaceCase("0::/kubepods/burstable/pod\(Sample.uid)"),
    ])
  func pod(row: PlaceCase) { check(row) }

  private func check(_ row: PlaceCase) {
    #expect(row.place.containers == row.containers)
    #expect(row.place.unit == row.unit)
  }
}
