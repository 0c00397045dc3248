// Which processes the name or the ID of a container selects, in every question.

import Containers
import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct ContainerSelectionTests {
  private let history: SmallHistory
  private static let web = String(repeating: "0123456789abcdef", count: 4)
  private static let inner = String(repeating: "fedcba9876543210", count: 4)
  private static let pod = String(repeating: "0123aaaabbbbcccc", count: 4)

  init() throws {
    history = try SmallHistory()
    try history.sample([
      .init(pid: 1), .init(pid: 10, cgroup: "0::/system.slice/docker-\(Self.web).scope"),
      .init(pid: 11, cgroup: "0::/system.slice/docker-\(Self.web).scope/docker/\(Self.inner)"),
      .init(pid: 12, cgroup: "0::/system.slice/nginx.service"),
      .init(
        pid: 13,
        cgroup: "0::/kubepods/burstable/pod11111111-1111-4111-8111-111111111111/\(Self.pod)"),
      .init(pid: 14, cgroup: "0::/machine.slice/libpod-conmon-\(Self.web).scope"),
      .init(pid: 15, cgroup: "0::/lxc.payload.dead"),
    ])
  }

  private func pids(_ reader: HistoryReader, _ text: String) throws -> [Int64] {
    let pids = try reader.processes(.container(text)).map(\.pid)
    // A question at a moment has to select the same processes.
    let matches = try reader.matcher(.container(text))
    let then = try reader.processes(at: SmallHistory.epoch + history.boot).processes
    #expect(then.map(\.process).filter(matches).map(\.pid) == pids)
    var exported: Set<Int64> = []
    try reader.export(ExportFilter(container: text)) { exported.insert($0.pid).inserted || true }
    #expect(exported.sorted() == pids)
    return pids
  }

  @Test("the start of an ID selects the container with nested ones, and not its monitor")
  func ids() throws {
    let reader = try history.end()
    #expect(try pids(reader, "0123456") == [10, 11])
    #expect(try pids(reader, Self.web.uppercased()) == [10, 11])
    #expect(try pids(reader, "fedc") == [11])
    // Two containers have IDs that start with this.
    #expect(try pids(reader, "0123") == [10, 11, 13])
    #expect(try pids(reader, "012") == [])
    #expect(try pids(reader, "nginx.service") == [])
    #expect(try pids(reader, "dead") == [15])
    #expect(try pids(reader, "%") == [] && pids(reader, "") == [])
  }

  @Test("the name from the engine selects the container")
  func names() throws {
    let unnamed = history.writer.takeUnnamedContainers()
    // Nested containers are left out: their engine's files are inside of the outer container.
    #expect(unnamed.map(\.id) == [Self.web, Self.pod, "dead"])
    #expect(history.writer.takeUnnamedContainers().isEmpty)
    try history.writer.write([
      unnamed[0]: ContainerName("0123", image: "nginx:1"),
      unnamed[1]: ContainerName("app", pod: "front-1", namespace: "shop"),
    ])
    let reader = try history.end()
    // A whole name takes precedence over the start of an ID.
    #expect(try pids(reader, "0123") == [10, 11])
    #expect(try pids(reader, "app") == [13] && pids(reader, "front-1/app") == [13])
    #expect(try pids(reader, "shop/front-1/app") == [13] && pids(reader, "APP") == [])
    let process = try #require(try reader.processes(.pid(13)).first)
    #expect(process.container?.name == "app" && process.container?.podName == "front-1")
    #expect(process.container?.pod == "11111111-1111-4111-8111-111111111111")
    let other = try #require(try reader.processes(.pid(10)).first)
    #expect(other.container?.engine == "docker" && other.container?.image == "nginx:1")
    let service = try #require(try reader.processes(.pid(12)).first)
    #expect(service.container == nil && service.unit == "nginx.service" && service.containers == [])
    let nested = try #require(try reader.processes(.pid(11)).first)
    #expect(nested.container?.id == Self.inner && nested.containers == [Self.web, Self.inner])
  }

  @Test("a whole ID takes precedence over an equal name")
  func likeAnID() throws {
    let unnamed = history.writer.takeUnnamedContainers()
    try history.writer.write([unnamed[1]: ContainerName(Self.web)])
    #expect(try pids(try history.end(), Self.web) == [10, 11])
  }

  @Test(
    "a user's container with the ID of root's one does not name that; control characters are escaped"
  )
  func hostile() throws {
    let scope = "user.slice/user-1000.slice/user@1000.service/docker-\(Self.web).scope"
    try history.sample([
      .init(pid: 20, cgroup: "0::/\(scope)"),
      .init(pid: 21, cgroup: "0::/lxc.payload.e\u{1B}[31mvil"),
    ])
    let unnamed = history.writer.takeUnnamedContainers()
    let mine = try #require(unnamed.first { $0.id == Self.web && $0.user == nil })
    let other = try #require(unnamed.first { $0.user == 1000 })
    try history.writer.write([mine: ContainerName("payments"), other: ContainerName("evil")])
    let reader = try history.end()
    #expect(try reader.processes(.container("payments")).map(\.pid) == [10, 11])
    #expect(try reader.processes(.container("evil")).map(\.pid) == [20])
    let rows = try Connection(path: history.path, access: .readOnly)
      .prepare("SELECT id FROM container").map { $0.text(0) }
    #expect(rows.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }, "\(rows)")
  }

  @Test("a later session uses the container names that an earlier one found")
  func later() throws {
    let unnamed = history.writer.takeUnnamedContainers()
    try history.writer.write([unnamed[0]: ContainerName("web")])
    try history.writer.endSession(.stopped)
    try history.begin()
    try history.sample([.init(pid: 10, cgroup: "0::/system.slice/docker-\(Self.web).scope")])
    #expect(history.writer.takeUnnamedContainers().isEmpty)
    #expect(try history.end().processes(.container("web")).map(\.pid) == [10, 11])
  }
}
