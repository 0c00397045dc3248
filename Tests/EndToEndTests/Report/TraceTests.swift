// `nshist export --format trace` obeys the rules of the Trace Event Format.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite struct TraceTests {
  private let folder: TemporaryFolder
  private let history: String

  init() throws {
    folder = try TemporaryFolder()
    history = folder.file("history.db")
    try GoldenHistory.write(history)
  }

  private func events(_ words: String...) throws -> [[String: Any]] {
    let outcome = try CommandInProcess.run(
      ["export", "--format", "trace", "--db", history] + words)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let trace = try #require(document as? [String: Any])
    #expect(trace["displayTimeUnit"] as? String == "ns")
    return try #require(trace["traceEvents"] as? [[String: Any]])
  }

  /// The track of an event.
  private struct Place: Hashable {
    let pid: Int
    let tid: Int

    init(_ event: [String: Any]) throws {
      pid = try #require(event["pid"] as? Int, "\(event)")
      tid = try #require(event["tid"] as? Int, "\(event)")
      #expect(UInt32(exactly: pid) != nil && UInt32(exactly: tid) != nil)
    }
  }

  @Test("each event has what its phase demands, and slices of a track do not overlap")
  func rules() throws {
    let all = try events()
    var slices: [Place: [(from: Double, until: Double)]] = [:]
    var named: Set<Place> = []
    var processes: Set<Int> = []
    var arrows: [Int: [String]] = [:]
    for event in all {
      let phase = try #require(event["ph"] as? String)
      #expect(event["name"] is String)
      // Viewers leave out what has a time below zero.
      if phase != "M" { #expect(try #require(event["ts"] as? Double) >= 0, "\(event)") }
      switch phase {
      case "M":
        if event["name"] as? String == "process_name" {
          processes.insert(try #require(event["pid"] as? Int))
        } else {
          named.insert(try Place(event))
        }
      case "X":
        let from = try #require(event["ts"] as? Double)
        let length = try #require(event["dur"] as? Double)
        #expect(length >= 0)
        slices[try Place(event), default: []].append((from, from + length))
      case "i":
        #expect(event["s"] as? String == "t" && event["ts"] is Double)
        _ = try Place(event)
      case "s", "f":
        let id = try #require(event["id"] as? Int)
        #expect(event["ts"] is Double)
        arrows[id, default: []].append(phase)
      default: Issue.record("the phase \(phase)")
      }
    }
    #expect(slices.keys.allSatisfy { named.contains($0) && processes.contains($0.pid) })
    for (place, list) in slices {
      let sorted = list.sorted { $0.from < $1.from }
      let apart = zip(sorted, sorted.dropFirst()).allSatisfy { $0.until <= $1.from + 0.001 }
      #expect(apart, "\(place) \(sorted)")
    }
    #expect(arrows.values.allSatisfy { $0 == ["s", "f"] } && !arrows.isEmpty)
  }

  @Test("a slice is a row of the export")
  func slices() throws {
    let rows = try CommandInProcess.run(["export", "--format", "ndjson", "--db", history])
    let count = rows.output.split(separator: "\n").count
    let all = try events()
    #expect(all.count { $0["ph"] as? String == "X" } == count)
    let names = Set(all.filter { $0["ph"] as? String == "X" }.compactMap { $0["name"] as? String })
    #expect(names.contains("net:[4026532300]#5001"))
    #expect(names.contains("net:[4026531833]#7 (initial)"))
    #expect(names.contains("net: denied"))
  }

  @Test("a filter limits slices and marks")
  func filter() throws {
    let all = try events("--pid", "5100", "--type", "net")
    let whole = all.filter { $0["ph"] as? String == "X" }
    let slices = whole.filter { ($0["args"] as? [String: Any])?["left_out"] == nil }
    #expect(slices.count == 3 || slices.count == 2, "\(slices)")
    // The process that was joined is not in the part, and has a track for the arrow all the same.
    let tracks = try Set(whole.map(Place.init))
    let ends = all.filter { ["s", "f", "i"].contains($0["ph"] as? String) }
    #expect(try ends.count == 3 && ends.allSatisfy { tracks.contains(try Place($0)) }, "\(ends)")
    let marks = all.filter { $0["ph"] as? String == "i" }.compactMap { $0["name"] as? String }
    #expect(marks == ["joined"])
    #expect(all.count { $0["name"] as? String == "process_name" } == 1, "only the host")
  }

  @Test("names that the system chose are strings")
  func hostile() throws {
    let evil = "\"},{\u{1B}\u{202E}</script>\\"
    let path = folder.file("hostile.db")
    let actors = [
      GoldenHistory.Actor(
        pid: 10, comm: evil, parent: 1, start: 1, entries: [(1...13, GoldenHistory.host())])
    ]
    try GoldenHistory.write(path, GoldenHistory.moments, actors)
    let outcome = try CommandInProcess.run(["export", "--format", "trace", "--db", path])
    let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    #expect(document is [String: Any])
    #expect(!outcome.output.contains("\u{1B}") && !outcome.output.contains("\u{202E}"))
  }
}
