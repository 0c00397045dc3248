// What `query shared` says for people, of two containers of one name and another one.
//
//   sample   1  2  3  4  5  6   (every 5 s)
//   -----------------------------------------------------------------------------
//   100 app  *  *  *  *  *  *   container web (aaaa...), in its own network
//   200 app  .  .  *  *  *  *   container web (bbbb...), in its own network
//   300 db   *  *  *  *  *  *   container db, in its own network
//   301 db   *  *  *  .  .  .   container db, in its own network
//   302 db   .  .  .  *  *  *   container db, in its own network
//   400 run  .  *  *  .  .  .   container web (aaaa...), in the network of db
//   401 sh   .  *  *  *  *  *   container web (bbbb...), in the network of db
//   402 ping .  .  .  *  *  .   container web (aaaa...), in the network of the host
//   500 conmon, 501 podman, 502 netavark: on the host, in the network of db
//   503 sleep                   on the host, in the network of db
//   600 job  .  .  *  *  *  *   its cgroup could not be read, in the network of 700
//   700 sshd *  *  *  *  *  *   on the host, in a network of its own
//   800 key  *  *  *  *  *  *   on the host; its network could not be read

import Foundation
import NamespaceModel
import TestSupport
import Testing

struct SharedTextTests {
  private let folder: TemporaryFolder
  private let path: String

  private typealias Actor = GoldenHistory.Actor

  private static let ids = ["a", "b", "d"].map { String(repeating: $0, count: 64) }
  private static let names = [ids[0]: "web", ids[1]: "web", ids[2]: "db"]
  private static let networks = (1...4).map {
    GoldenHistory.made(.net, 4_026_533_000 + UInt64($0), 7000 + UInt64($0))
  }

  private static func actor(
    _ pid: Int32, _ comm: String, _ samples: ClosedRange<Int>, network: Int? = nil,
    container: Int? = nil
  ) -> Actor {
    let links = GoldenHistory.host(besides: network.map { [networks[$0]] } ?? [])
    var actor = Actor(
      pid: pid, comm: comm, parent: 1, start: Double(samples.lowerBound - 1) * 5 - 1,
      entries: [(samples, links)])
    if let container { actor.cgroup = "0::/system.slice/docker-\(ids[container]).scope" }
    return actor
  }

  private static let actors: [Actor] = {
    var job = actor(600, "job", 3...6, network: 3)
    job.cgroup = nil
    var key = actor(800, "key", 1...6)
    var links = GoldenHistory.host()
    links[.net] = .unread(.denied)
    key.entries = [(1...6, links)]
    return [
      actor(1, "systemd", 1...6),
      actor(100, "app", 1...6, network: 0, container: 0),
      actor(200, "app", 3...6, network: 1, container: 1),
      actor(300, "db", 1...6, network: 2, container: 2),
      actor(301, "db", 1...3, network: 2, container: 2),
      actor(302, "db", 4...6, network: 2, container: 2),
      actor(400, "run", 2...3, network: 2, container: 0),
      actor(401, "sh", 2...6, network: 2, container: 1),
      actor(402, "ping", 4...5, container: 0),
      actor(500, "conmon", 1...6, network: 2), actor(501, "podman", 2...3, network: 2),
      actor(502, "netavark", 1...2, network: 2), actor(503, "sleep", 4...5, network: 2),
      job, actor(700, "sshd", 1...6, network: 3), key,
    ]
  }()

  private static let moments = (0...5).map {
    GoldenHistory.Moment(boot: $0 * 5, wall: $0 * 5, startsSession: $0 == 0)
  }

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try GoldenHistory.write(path, Self.moments, Self.actors, names: Self.names)
  }

  private func shared(_ arguments: String...) throws -> (first: String, lines: [String]) {
    let outcome = try Command.run(
      Command.nshist, ["query", "shared"] + arguments + ["--utc", "--db", path])
    let lines = outcome.output.split(separator: "\n").map(String.init)
    return (try #require(lines.first, "\(outcome.messages)"), lines)
  }

  @Test("the headline names the longest visit, and which of two containers of one name")
  func headline() throws {
    let answer = try shared("container:web", "container:db", "--type", "net")
    #expect(
      answer.first.hasPrefix(
        "shared  PID 401 (sh) of container web bbbbbbbbbbbb was in db's net namespace"),
      "\(answer.first)")
    #expect(
      answer.lines.contains { $0.hasPrefix("PID 400 (run) of container web aaaaaaaaaaaa was in") },
      "\(answer.lines)")
    #expect(
      answer.lines.contains(
        "container web: 5 processes in that time, of 2 containers of this name "
          + "(aaaaaaaaaaaa, bbbbbbbbbbbb)."), "\(answer.lines)")
    let one = try shared("container:\(Self.ids[0])", "container:db", "--type", "net")
    #expect(!one.lines.contains { $0.contains("of this name") }, "\(one.lines)")
  }

  @Test("a visitor that was with several is not said to have been with each all the time")
  func several() throws {
    let answer = try shared("container:\(Self.ids[1])", "container:db", "--type", "user", "--all")
    let sentence = try #require(answer.lines.first { $0.hasPrefix("PID 401") }, "\(answer.lines)")
    #expect(
      sentence.hasSuffix(
        "For all or part of that time with it: PID 300 (db) of container db and 2 more of "
          + "container db."), "\(sentence)")
    #expect(!sentence.contains("and PID"), "\(sentence)")
    let now = try shared(
      "container:\(Self.ids[1])", "container:db", "--type", "user", "--all", "--at",
      "2023-11-14T22:15:12Z")
    #expect(now.lines.contains { $0.contains(" With it: PID 300 (db)") }, "\(now.lines)")
  }

  @Test("what a container shares with the host as all do is not put as if it were news")
  func usual() throws {
    let db = try shared("container:db", "host", "--type", "net,user,time")
    #expect(
      db.first.hasPrefix(
        "shared  Only as containers usually share with the host (time, user): PID 300 (db)"),
      "\(db.first)")
    let web = try shared("container:\(Self.ids[0])", "host", "--type", "net,user,time")
    #expect(
      web.first.hasPrefix(
        "shared  PID 402 (ping) of container web was in the host's net namespace"),
      "\(web.first)")
    #expect(
      web.lines.dropFirst().first
        == "In time, user the sharing is that of most containers: the namespace is the host's.",
      "\(web.lines)")
    // The processes in those types share a line, unless --all is given.
    #expect(web.lines.count { $0.contains("user namespace") } == 1, "\(web.lines)")
    #expect(
      web.lines.contains {
        $0.hasPrefix(
          "In the host's time, user namespaces, as most containers are: 3 processes, 6 times, ")
          && $0.hasSuffix(": --all lists them.")
      }, "\(web.lines)")
    let all = try shared("container:\(Self.ids[0])", "host", "--type", "net,user,time", "--all")
    #expect(
      all.lines.count { $0.contains("was in the host's user namespace") } == 3, "\(all.lines)")
    let hosts = try shared("700", "host", "--type", "user")
    #expect(!hosts.first.contains("containers"), "\(hosts.first)")
  }

  @Test("the tools of container engines share a line, unless --all is given")
  func tools() throws {
    let folded = try shared("container:web", "container:db", "--type", "net")
    let outside = folded.lines.filter { $0.hasPrefix("Of no known container") }
    #expect(outside.count == 2, "\(folded.lines)")
    #expect(outside.first?.contains("in db's net namespace: PID 503 (sleep)") == true)
    #expect(
      outside.last?.contains(
        "in namespaces of container db: 3 processes with names of container engines' tools "
          + "(conmon, netavark, podman)") == true, "\(outside)")
    #expect(outside.last?.hasSuffix(": --all lists them.") == true, "\(outside)")
    let all = try shared("container:web", "container:db", "--type", "net", "--all")
    #expect(all.lines.count { $0.hasPrefix("Of no known container") } == 4, "\(all.lines)")
  }

  @Test("a process whose cgroup was not read is said to be one")
  func unread() throws {
    let answer = try shared("container:web", "700", "--type", "net")
    #expect(answer.first.hasPrefix("unknown"), "\(answer.first)")
    #expect(
      answer.lines.contains {
        $0.hasPrefix(
          "not known: PID 600 (job), whose cgroup was not read: it may have been of container web")
      }, "\(answer.lines)")
  }

  @Test("the reason is the unread cgroup where events report everything else")
  func unreadReason() throws {
    let answer = try askExactly("shared", "container:web", "700", "--type", "net")
    #expect(
      answer.contains(
        "not-recorded: the cgroup of a process was not read, or may have changed since, so its container is not known."
      ),
      "\(answer)")
  }

  @Test("exact evidence is not claimed for what is not known")
  func evidence() throws {
    let exact = "Evidence: exact. Kernel events cover this interval."
    let partial = "Evidence: exact; but some of it is not known, as said above."
    #expect(
      try askExactly("shared", "container:web", "container:db", "--type", "net").last == exact)
    #expect(try askExactly("shared", "container:web", "700", "--type", "net,user").last == partial)
    #expect(try askExactly("same", "100", "300").last == exact)
    let same = try askExactly("same", "100", "800", "--type", "net,user")
    #expect(same.last == partial, "\(same)")
    // A row of which the verdict is unknown has no evidence.
    #expect(
      same.contains { $0.hasPrefix("net   unknown            denied: 800") }, "\(same)")
  }

  /// Asks a history in which events reported that nothing changed between two samples.
  private func askExactly(_ arguments: String...) throws -> [String] {
    let exact = folder.file("exact.db")
    if !FileManager.default.fileExists(atPath: exact) {
      try GoldenHistory.write(
        exact, Self.moments, Self.actors.filter { [1, 100, 300, 600, 700, 800].contains($0.pid) },
        names: Self.names, hasEvents: true)
    }
    let times = ["--since", "2023-11-14T22:15:16Z", "--until", "2023-11-14T22:15:19Z"]
    let outcome = try Command.run(
      Command.nshist, ["query"] + arguments + times + ["--db", exact])
    return outcome.output.split(separator: "\n").map(String.init)
  }
}
