// A recorder with events that is killed by SIGKILL has written all events that are older than about a second.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct KilledListenerTests {
  @Test("a killed recorder loses at most about a second", arguments: [UInt64(1), 2, 3])
  func killed(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let recording = try LiveRecording(interval: "1m", ["--events", "on"])
    let process = try TestProcess()
    var moves: [TimedAction] = []
    let end =
      ClockReading.now().wall + Int64.random(in: 2_500_000_000...4_000_000_000, using: &random)
    while ClockReading.now().wall < end {
      moves.append(try TimedAction { try process.unshare(CloneFlag.uts) })
      usleep(UInt32.random(in: 5_000...60_000, using: &random))
    }
    let exit = ClockReading.now().wall
    recording.signal(SIGKILL)
    usleep(50_000)
    let reported = try recording.ask("changes", "--pid", "\(process.pid)").filter {
      $0["change"] == "moved"
    }
    let safe = moves.filter { $0.done < exit - 1_200_000_000 }
    #expect(safe.count > 10)
    #expect(reported.count >= safe.count, "\(reported.count) of \(safe.count) and \(moves.count)")
    for (row, move) in zip(reported, moves) {
      #expect(move.contains(row.time("time")) && row.flag("exact") == true, "\(row) is not \(move)")
    }
  }
}
