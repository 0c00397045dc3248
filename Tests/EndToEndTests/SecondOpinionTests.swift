// What `lsns` says of the same live machine at the same time.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct SecondOpinionTests {
  private struct Listing: Decodable {
    struct Namespace: Decodable {
      let ns: UInt64
      let type: String
      let nprocs: Int
      let pid: Int32
    }
    let namespaces: [Namespace]
  }

  @Test(
    "the namespaces recorded are those that lsns lists",
    .enabled(
      if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/lsns"),
      "needs root and lsns of util-linux"))
  func agreesWithLsns() throws {
    let puppets = try (0..<3).map { _ in try Puppet() }
    try puppets[0].unshare(CloneFlag.net | CloneFlag.uts | CloneFlag.mnt)
    try puppets[1].unshare(CloneFlag.ipc | CloneFlag.cgroup)
    try puppets[2].enter(puppets[0].pid, CloneFlag.net)

    // Other processes of the machine come and go: only what is in a sample before and in one
    // after is expected of the listing in between.
    let before = try recorded()
    let listing = try JSONDecoder().decode(
      Listing.self,
      from: Data(
        try Command.run("/usr/bin/lsns", ["--json", "-o", "NS,TYPE,NPROCS,PID"]).output.utf8))
    let after = try recorded()

    let listed = Set(listing.namespaces.filter { $0.nprocs > 0 }.map { "\($0.type):\($0.ns)" })
    let steady = Set(before.keys).intersection(after.keys)
    #expect(steady.subtracting(listed) == [])
    #expect(listed.subtracting(before.keys).subtracting(after.keys) == [])
    // Who is in the namespaces that only puppets are in.
    for namespace in listing.namespaces where puppets.contains(where: { $0.pid == namespace.pid }) {
      let members = after["\(namespace.type):\(namespace.ns)"] ?? []
      #expect(members.count == namespace.nprocs)
      #expect(members.min() == namespace.pid)
    }
    let ours = listing.namespaces.filter { $0.pid == puppets[0].pid }
    #expect(Set(ours.map(\.type)) == ["net", "uts", "mnt"])
  }

  /// The PIDs in each namespace, by type and inode number, in one sample.
  private func recorded() throws -> [String: Set<Int32>] {
    let folder = try TemporaryFolder()
    let database = folder.file("history.db")
    let outcome = try Command.nshist("record", "--samples", "1", "--db", database)
    #expect(outcome.status == 0, "\(outcome.messages)")
    var members: [String: Set<Int32>] = [:]
    try HistoryReader(path: database).export(ExportFilter()) { row in
      if let inode = row.inode {
        members["\(row.type):\(inode)", default: []].insert(Int32(row.pid))
      }
      return true
    }
    return members
  }
}
