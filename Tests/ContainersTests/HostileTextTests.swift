// Texts of /proc/PID/cgroup that are truncated, random, or far too long.

import Glibc
import TestSupport
import Testing

@testable import Containers

struct HostileTextTests {
  private static let id = Sample.id

  /// One text of each form.
  private static let good = [
    "0::/system.slice/docker-\(id).scope", "12:pids:/docker/\(id)\n1:name=systemd:/docker/\(id)\n",
    "0::/kubepods/burstable/pod\(Sample.uid)/crio-\(id)", "0::/lxc.payload.web/init.scope",
    "0::/machine.slice/machine-a\\x2db.scope/payload", "0::/machine/qemu-1-a.libvirt-qemu",
    "0::/libpod_parent/\(Sample.other)/libpod-\(id)/conmon", "0::/docker/buildkit/\(Sample.build)",
    "0::/user.slice/user-4294967295.slice/a.slice:cri-containerd:\(id)",
    "0::/ecs/\(Sample.hash)/\(Sample.hash)-1", "0::/lxc.monitor.a", "0::/a.service (deleted)",
  ]

  @Test("a truncated text names no other container than the whole text", arguments: good)
  func prefixes(text: String) {
    let bytes = Array(text.utf8)
    let whole = CgroupMembership(bytes)
    for length in 0..<bytes.count {
      let cut = CgroupMembership(Array(bytes[..<length]))
      for container in cut.containers where HexID.isID(container.id) {
        #expect(text.contains(container.id), "cut at \(length)")
      }
      #expect(cut.containers.count <= max(whole.containers.count, 1), "cut at \(length)")
    }
  }

  @Test("IDs found in random, recombined or damaged texts are unique and stand in the text")
  func random() {
    var random = SeededRandom(seed: 7)
    let pieces =
      Self.good.flatMap { $0.split(separator: "/") }.map { Array($0.utf8) } + [[0xFF], [0], []]
    for _ in 0..<1_000 {
      let noise = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      var text = Array("0::".utf8)
      for _ in 0..<Int.random(in: 0..<12, using: &random) {
        text.append(UInt8(ascii: "/"))
        text += pieces.randomElement(using: &random) ?? []
      }
      var changed = Array((Self.good.randomElement(using: &random) ?? "").utf8)
      let index = Int.random(in: changed.indices, using: &random)
      changed[index] = UInt8.random(in: 0...255, using: &random)
      for bytes in [noise, text, changed, Array("0::/".utf8) + noise] {
        let found = CgroupMembership(bytes)
        #expect(found.containers.allSatisfy { !$0.id.isEmpty })
        let ids = found.containers.map(\.id).filter { HexID.isID($0) }
        #expect(Set(ids).count == ids.count)
        // The text holds the ID literally, except for an ID with "-", which may be escaped there.
        for container in found.containers where !container.id.contains("-") {
          #expect(bytes.contains(container.id.utf8))
        }
      }
    }
  }

  @Test("a path element that is not UTF-8 names no container, and the elements after it are read")
  func invalidNames() {
    let text = Array("0::/lxc.payload.".utf8) + [0xFF, 0xFE] + Array("/docker/\(Self.id)".utf8)
    let membership = CgroupMembership(text)
    #expect(membership.containers == [ContainerIdentity(engine: .docker, id: Self.id)])
  }

  @Test("a UID that is signed, zero or exceeds 32 bits is ignored")
  func largeUser() {
    let end = ".slice/docker-\(Self.id).scope"
    func user(_ number: String) -> UInt32? {
      CgroupMembership(Array("0::/user-\(number)\(end)".utf8)).containers.first?.user
    }
    #expect(user("4294967295") == 4_294_967_295)
    #expect(user("4294967296") == nil)
    #expect(user("-1") == nil)
    #expect(user("+1") == nil)
    #expect(user("0") == nil)
  }

  /// The CPU time of this thread in nanoseconds.
  private func threadTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  @Test(
    "the time to read a text grows linearly with its length", .timeLimit(.minutes(1)),
    arguments: [
      "/lxc/a", "/lxc.payload.a", "/docker/\(id)", "\n1:cpu:/docker/\(id)", "/..", "\\x2d", "-",
      "a",
      ":", "\n", "/", "podaaaaaaaa-", "/machine.slice/a.scope/payload", "\n0::/lxc/a/lxc/b",
    ])
  func long(part: String) {
    func time(_ count: Int) -> UInt64 {
      let text = Array(("0::/machine-" + String(repeating: part, count: count)).utf8)
      // Measures the CPU time of this thread, since other tests run at the same time.
      return (0..<3).map { _ in
        let start = threadTime()
        _ = CgroupMembership(text)
        return threadTime() - start
      }.min() ?? 0
    }
    let unit = 5_000 / part.utf8.count
    // A text of 16 times the length takes 16 times the time if the time is linear, and 256 times if it is quadratic.
    #expect(time(unit * 16) < max(time(unit), 100_000) * 64)
  }
}

extension [UInt8] {
  /// Whether the array holds these bytes in sequence.
  fileprivate func contains(_ part: String.UTF8View) -> Bool {
    let part = Array(part)
    return indices.contains { self[$0...].starts(with: part) }
  }
}
