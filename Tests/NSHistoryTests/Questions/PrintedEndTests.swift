// `PID@TIME` with the printed time at which a process was last seen.

import NSHistory
import Testing

struct PrintedEndTests {
  @Test(
    "the last seen time of a process selects it, or a later process of the PID",
    arguments: EventOracle.seeds)
  func lastSeen(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    var ends = 0
    for pid: Int64 in 1...12 {
      for process in try oracle.reader.processes(.pid(pid, alive: nil, within: 0)) {
        let end = process.lastSeen
        let found = try oracle.reader.processes(.pid(pid, alive: end, within: 1))
        #expect(
          found.contains { $0.id == process.id } || found.contains { $0.firstSeen <= end },
          "PID \(pid) at \(end): \(found.map { [$0.firstSeen, $0.lastSeen] })")
        ends += 1
      }
    }
    #expect(ends >= 12)
  }
}
