// Compares the members and summaries of namespaces, and the rows of a timeline, with the exported rows and the
// samples.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceMembersTests {
  private struct FoundInterval: Hashable {
    let process: Int
    let from: WallTime
    let until: WallTime
  }

  @Test("the members of a namespace are the exported rows in it", arguments: BruteForce.seeds)
  func members(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    for key in oracle.history.namespaces.sorted(by: { $0.description < $1.description }) {
      let rows = oracle.rows.filter { $0.namespace == key }
      var found: [FoundInterval] = []
      try oracle.reader.members(of: .inode(key.type, key.inode)) { member in
        // An inode number may have been several namespaces.
        guard member.namespace.key == key else { return true }
        let process = oracle.number(member.process)
        found.append(FoundInterval(process: process, from: member.from, until: member.until))
        oracle.check(
          member.namespace.isInitial == key.isInitial, "\(key): initial \(member.namespace)")
        let samples =
          oracle.sample(
            member.from)...max(
            oracle.sample(member.from), oracle.sample(member.until))
        BruteForceBounds(oracle).check(process, samples, member.beginning, member.end, "in \(key)")
        return true
      }
      let expected = rows.map {
        FoundInterval(process: $0.process, from: $0.from, until: $0.until)
      }
      oracle.check(
        found.count == expected.count && Set(found) == Set(expected),
        "members of \(key): \(found), not \(expected)")
      guard let id = key.id else { continue }
      var byID = 0
      try oracle.reader.members(of: .kernelID(key.type, id)) { _ in
        byID += 1
        return true
      }
      oracle.check(byID == expected.count, "members of \(key) by its id: \(byID)")
    }
    oracle.report()
  }

  @Test(
    "a summary says when a namespace was first and last seen, and what keeps it",
    arguments: BruteForce.seeds)
  func summaries(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    for key in history.namespaces {
      let all = try oracle.reader.namespaces(.inode(key.type, key.inode))
      let found = all.filter { $0.namespace.key == key }
      oracle.check(found.count == 1, "\(found.count) summaries of \(key)")
      guard let summary = found.first else { continue }
      let known = history.samples.indices.filter { sample in
        history.samples[sample].values.contains { $0.links.contains { $0.key == key } }
      }
      // First and last by the wall clock, which may have been set back.
      let first = known.min { history.start($0) < history.start($1) }
      oracle.check(
        oracle.sample(summary.firstSeen) == first ?? -2,
        "\(key) first seen in \(oracle.sample(summary.firstSeen)), not \(first ?? -2)")
      // A namespace counts as seen also if only the children of a process go into it.
      let last = known.max { history.start($0) < history.start($1) }
      oracle.check(
        oracle.sample(summary.lastSeen) == last ?? -2,
        "\(key) last seen in \(oracle.sample(summary.lastSeen)), not \(last ?? -2)")
      let there = history.samples[history.count - 1].values
      let processes = there.count { $0[key.type.link].key == key }
      let parents = there.count {
        $0[key.type.link].key != key && $0[key.type.linkForChildren].key == key
      }
      oracle.check(
        summary.references.processes == processes && summary.references.parents == parents
          && summary.references.namespaces == 0,
        "\(key) is kept by \(summary.references), not by \(processes) and \(parents)")
    }
    oracle.report()
  }

  @Test("the namespaces in a timeline row are the exported rows", arguments: BruteForce.seeds)
  func timelineRows(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let pids = Set(oracle.history.processes.map { Int64($0.pid) }).sorted()
    let timelineRows = try oracle.reader.timeline(pids.map { .pid($0) })
    oracle.check(
      timelineRows.count == oracle.history.processes.count * 8, "\(timelineRows.count) rows"
    )
    for timelineRow in timelineRows {
      let process = oracle.number(timelineRow.process)
      var found: [BruteForce.Row] = []
      for segment in timelineRow.segments {
        oracle.check(segment.from <= segment.until, "a segment runs backwards: \(segment)")
        guard case .namespace(let namespace) = segment.state else { continue }
        let from = oracle.sample(segment.from)
        found.append(
          .init(
            process: process, type: timelineRow.type, namespace: namespace.key, unread: nil,
            samples: from...max(from, oracle.sample(segment.until)), from: segment.from,
            until: segment.until))
      }
      let expected = oracle.rows.filter {
        $0.process == process && $0.type == timelineRow.type && $0.namespace != nil
      }
      oracle.check(found == expected, "p\(process) \(timelineRow.type): \(found), not \(expected)")
    }
    oracle.report()
  }
}
