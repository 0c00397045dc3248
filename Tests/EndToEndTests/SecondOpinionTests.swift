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

    // Other processes of the machine come and go, and so do their namespaces: a listing may be
    // taken in the middle of that. What is wrong with the recorder is wrong every time.
    var disagreements: [String] = []
    for _ in 0..<6 {
      disagreements = try compare(puppets)
      if disagreements.isEmpty { break }
    }
    #expect(disagreements == [])
  }

  /// Where a listing disagrees with the samples before and after it.
  private func compare(_ puppets: [Puppet]) throws -> [String] {
    let before = try recorded()
    let outcome = try Command.run("/usr/bin/lsns", ["--json", "-o", "NS,TYPE,NPROCS,PID"])
    guard let listing = try? JSONDecoder().decode(Listing.self, from: Data(outcome.output.utf8))
    else { return ["lsns: \(outcome.messages)"] }
    let after = try recorded()

    var disagreements: [String] = []
    let listed = Set(listing.namespaces.filter { $0.nprocs > 0 }.map { "\($0.type):\($0.ns)" })
    let steady = Set(before.keys).intersection(after.keys)
    disagreements += steady.subtracting(listed).map { "\($0) is not listed" }
    disagreements += listed.subtracting(before.keys).subtracting(after.keys)
      .map { "\($0) is not recorded" }
    // Who is in the namespaces that only puppets are in.
    for namespace in listing.namespaces where puppets.contains(where: { $0.pid == namespace.pid }) {
      let members = after["\(namespace.type):\(namespace.ns)"] ?? []
      if members.count != namespace.nprocs || members.min() != namespace.pid {
        disagreements.append("\(namespace) has \(members)")
      }
    }
    let ours = Set(listing.namespaces.filter { $0.pid == puppets[0].pid }.map(\.type))
    if ours != ["net", "uts", "mnt"] { disagreements.append("a puppet is in new \(ours)") }
    return disagreements
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
