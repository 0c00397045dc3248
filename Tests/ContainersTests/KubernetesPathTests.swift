// Paths of containers in Kubernetes pods, with either cgroup driver of the kubelet
// (pkg/kubelet/cm/cgroup_manager_linux.go of kubernetes). The comment above a row names the source of its form.

import Testing

@testable import Containers

struct KubernetesPathTests {
  private static let id = Sample.id
  private static let slice = "kubepods-burstable-pod\(Sample.uidInSlice).slice"

  private static func found(
    _ engine: Engine?, pod: String = Sample.uid
  ) -> ContainerIdentity { ContainerIdentity(engine: engine, id: id, pod: pod) }

  @Test(
    "the cgroupfs driver: only the paths of CRI-O name the engine",
    arguments: [
      CgroupCase("0::/kubepods/burstable/pod\(Sample.uid)/\(id)", found(nil)),
      CgroupCase("4:pids:/kubepods/besteffort/pod\(Sample.uid)/\(id)", found(nil)),
      // Pods of the class Guaranteed have no folder for their class.
      CgroupCase("0::/kubepods/pod\(Sample.uid)/\(id)", found(nil)),
      // A static pod's UID is a hash (pkg/kubelet/config/common.go).
      CgroupCase("0::/kubepods/burstable/pod\(Sample.hash)/\(id)", found(nil, pod: Sample.hash)),
      // cri-o, internal/config/cgmgr/cgroupfs_linux.go.
      CgroupCase("0::/kubepods/burstable/pod\(Sample.uid)/crio-\(id)", found(.crio)),
      CgroupCase("0::/crio/crio-\(id)", ContainerIdentity(engine: .crio, id: id)),
      // kind sets --cgroup-root=/kubelet (pkg/cluster/internal/kubeadm/config.go).
      CgroupCase("0::/kubelet/kubepods/burstable/pod\(Sample.uid)/\(id)", found(nil)),
      // Docker Desktop, in spiffe/spire's tests of its workload attestor.
      CgroupCase("2:cpu:/kubepods/kubepods/besteffort/pod\(Sample.uid)/\(id)", found(nil)),
    ])
  func cgroupfs(row: CgroupCase) { check(row) }

  @Test(
    "systemd",
    arguments: [
      // containerd, internal/cri/server/helpers.go: "cri-containerd".
      CgroupCase(
        "0::/kubepods.slice/kubepods-burstable.slice/\(slice)/cri-containerd-\(id).scope",
        found(.containerd), unit: "cri-containerd-\(id).scope"),
      CgroupCase(
        "0::/kubepods.slice/kubepods-pod\(Sample.uidInSlice).slice/cri-containerd-\(id).scope",
        found(.containerd), unit: "cri-containerd-\(id).scope"),
      // cri-o, internal/config/cgmgr/systemd_linux.go, and below it crun's "container".
      CgroupCase(
        "0::/kubepods.slice/kubepods-burstable.slice/\(slice)/crio-\(id).scope/container",
        found(.crio), unit: "crio-\(id).scope"),
      // cri-dockerd.
      CgroupCase(
        "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/\(slice)/docker-\(id).scope",
        found(.docker), unit: "docker-\(id).scope"),
      CgroupCase(
        "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/\(slice)/\(id)", found(nil)),
      // kind, as above.
      CgroupCase(
        "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-\(slice)/cri-containerd-\(id).scope",
        found(.containerd), unit: "cri-containerd-\(id).scope"),
      // open-telemetry/opentelemetry-java: containerd is not told that the kubelet uses systemd.
      CgroupCase("11:perf_event:/\(slice):cri-containerd:\(id)", found(.containerd)),
      CgroupCase(
        "1:name=systemd:/system.slice/containerd.service/\(slice):cri-containerd:\(id)",
        found(.containerd), unit: "containerd.service"),
    ])
  func systemd(row: CgroupCase) { check(row) }

  @Test(
    "a pod by itself is no container",
    arguments: [
      CgroupCase("0::/kubepods.slice/kubepods-burstable.slice/\(slice)"),
      CgroupCase("0::/kubepods/burstable/pod\(Sample.uid)"),
    ])
  func pod(row: CgroupCase) { check(row) }

  private func check(_ row: CgroupCase) {
    #expect(row.membership.containers == row.containers)
    #expect(row.membership.unit == row.unit)
  }
}
