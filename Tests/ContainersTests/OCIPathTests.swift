// Paths of the engines that run OCI bundles, outside of Kubernetes. The comment above a row names the source of its
// form.

import Testing

@testable import Containers

struct OCIPathTests {
  private static let id = Sample.id
  private static let user = "0::/user.slice/user-1000.slice/user@1000.service"

  private static func found(
    _ engine: Engine?, pod: String? = nil, user: UInt32? = nil
  ) -> ContainerIdentity {
    ContainerIdentity(engine: engine, id: id, pod: pod, user: user)
  }

  @Test(
    "Docker",
    arguments: [
      // moby, daemon/oci_linux.go: "docker" is the parent, without systemd.
      CgroupCase("0::/docker/\(id)", found(.docker)),
      CgroupCase("12:pids:/docker/\(id)\n1:name=systemd:/docker/\(id)\n", found(.docker)),
      // moby, daemon/oci_linux.go, with systemd: system.slice:docker:<id>.
      CgroupCase(
        "0::/system.slice/docker-\(id).scope", found(.docker), unit: "docker-\(id).scope"),
      // dockerd(8), --cgroup-parent, with and without systemd.
      CgroupCase("0::/my.slice/docker-\(id).scope", found(.docker), unit: "docker-\(id).scope"),
      CgroupCase("0::/actions_job/\(id)", found(nil)),
      CgroupCase("0::/\(id)", found(nil)),
      // docs.docker.com/engine/security/rootless: the user.slice of the user's systemd.
      CgroupCase(
        "\(user)/user.slice/docker-\(id).scope", found(.docker, user: 1000),
        unit: "docker-\(id).scope"),
      // A runtime that used the argument meant for systemd as the name of a directory.
      CgroupCase("0::/system.slice:docker:\(id)", found(.docker)),
    ])
  func docker(row: CgroupCase) { check(row) }

  @Test(
    "containerd and nerdctl",
    arguments: [
      // containerd, pkg/oci/spec.go: "/<namespace>/<id>".
      CgroupCase("0::/default/\(id)", found(.containerd)),
      CgroupCase("0::/k8s.io/\(id)", found(.containerd)),
      CgroupCase("0::/a-namespace/\(id)", found(nil)),
      // nerdctl, pkg/cmd/container/run_cgroup_linux.go: system.slice or user.slice, "nerdctl".
      CgroupCase(
        "0::/system.slice/nerdctl-\(id).scope", found(.containerd), unit: "nerdctl-\(id).scope"),
      CgroupCase(
        "\(user)/user.slice/nerdctl-\(id).scope", found(.containerd, user: 1000),
        unit: "nerdctl-\(id).scope"),
      // The daemon that starts a container is not in it.
      CgroupCase("0::/system.slice/containerd.service", unit: "containerd.service"),
    ])
  func containerd(row: CgroupCase) { check(row) }

  @Test(
    "Podman",
    arguments: [
      // podman, libpod/container_internal_linux.go, getOCICgroupPath.
      CgroupCase(
        "0::/machine.slice/libpod-\(id).scope", found(.podman), unit: "libpod-\(id).scope"),
      // crun(1), run.oci.systemd.subgroup: "container" below the scope.
      CgroupCase(
        "0::/machine.slice/libpod-\(id).scope/container", found(.podman),
        unit: "libpod-\(id).scope"),
      // A systemd that runs in the container.
      CgroupCase(
        "0::/machine.slice/libpod-\(id).scope/container/system.slice/nginx.service",
        found(.podman), unit: "nginx.service"),
      CgroupCase(
        "\(user)/user.slice/libpod-\(id).scope/container", found(.podman, user: 1000),
        unit: "libpod-\(id).scope"),
      CgroupCase("0::/libpod_parent/libpod-\(id)", found(.podman)),
      // podman-run(1), --cgroups=split, which units of Quadlet use: conmon is in "runtime".
      CgroupCase(
        "0::/system.slice/web.service/libpod-payload-\(id)", found(.podman), unit: "web.service"),
      CgroupCase("0::/system.slice/web.service/runtime", unit: "web.service"),
      // podman, libpod/pod_internal.go: a slice, or a directory, named after the pod.
      CgroupCase(
        "0::/machine.slice/machine-libpod_pod_\(Sample.other).slice/libpod-\(id).scope/container",
        found(.podman, pod: Sample.other), unit: "libpod-\(id).scope"),
      CgroupCase(
        "\(user)/user.slice/user-libpod_pod_\(Sample.other).slice/libpod-\(id).scope",
        found(.podman, pod: Sample.other, user: 1000), unit: "libpod-\(id).scope"),
      CgroupCase(
        "0::/libpod_parent/\(Sample.other)/libpod-\(id)", found(.podman, pod: Sample.other)),
    ])
  func podman(row: CgroupCase) { check(row) }

  @Test(
    "BuildKit and Amazon ECS",
    arguments: [
      // buildkit, executor/oci/spec.go: <parent>/buildkit/<id>, or docker-<id>.scope.
      CgroupCase("0::/docker/buildkit/\(Sample.build)", built),
      CgroupCase("0::/buildkit/\(Sample.build)", built),
      CgroupCase(
        "0::/system.slice/docker-\(Sample.build).scope", built,
        unit: "docker-\(Sample.build).scope"),
      // docs.aws.amazon.com/AmazonECS, as tests of Datadog's and OpenTelemetry's agents have it.
      CgroupCase("9:perf_event:/ecs/\(Sample.uid)/\(id)", found(.ecs)),
      CgroupCase("9:perf_event:/ecs/a-cluster/\(Sample.hash)/\(id)", found(.ecs)),
      // Amazon ECS on Fargate 1.4.
      CgroupCase(
        "3:cpu:/ecs/\(Sample.hash)/\(Sample.hash)-3384163258",
        ContainerIdentity(engine: .ecs, id: "\(Sample.hash)-3384163258")),
      CgroupCase(
        "0::/ecstasks.slice/ecstasks-\(Sample.hash).slice/docker-\(id).scope", found(.docker),
        unit: "docker-\(id).scope"),
      CgroupCase("0::/ecs/\(Sample.hash)"),
    ])
  func others(row: CgroupCase) { check(row) }

  private static let built = ContainerIdentity(engine: .buildkit, id: Sample.build)

  private func check(_ row: CgroupCase) {
    #expect(row.membership.containers == row.containers)
    #expect(row.membership.unit == row.unit)
  }
}
