// The metrics of a recorder, in the form that Prometheus' node_exporter reads.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses) struct MetricsTests {
  /// Returns the value of each metric with its labels.
  private func parsed(_ text: String) -> [String: Double] {
    var values: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      if parts.count == 2 { values[String(parts[0])] = Double(parts[1]) }
    }
    return values
  }

  @Test("each sample rewrites the metrics file with the numbers of the history")
  func numbers() throws {
    let recording = try Recording()
    let path = recording.folder.file("nshist.prom")
    let recorder = try Command(
      Command.nshist,
      recording.arguments(interval: "50ms") + ["--metrics-file", path, "--max-size", "64M"])
    try recording.waitFor(samples: 3)
    try recording.proc.add(30)
    try eventually("numbers of three processes, and a step of retention") {
      guard let text = try? fileText(path) else { return false }
      let values = parsed(text)
      return values["nshist_processes"] == 3
        && values["nshist_retention_cpu_seconds_total"] ?? 0 > 0
    }
    let text = try fileText(path)
    let values = parsed(text)
    #expect(values["nshist_samples_total"] ?? 0 >= 4)
    #expect(values["nshist_changes_total"] == 1)
    #expect(values["nshist_file_size_limit_bytes"] == Double(64 << 20))
    #expect(values["nshist_keep_seconds"] == 2_592_000)
    let retention = try #require(values["nshist_retention_cpu_seconds_total"])
    #expect(retention > 0 && retention < values["nshist_cpu_seconds_total"] ?? 0, "\(text)")
    #expect(values["nshist_gaps_total{cause=\"stalled\"}"] != nil)
    #expect(values["nshist_file_size_bytes{file=\"main\"}"] ?? 0 > 100_000)
    let age = Date().timeIntervalSince1970 - (values["nshist_last_sample_timestamp_seconds"] ?? 0)
    #expect(age >= 0 && age < 30)
    // Each metric is declared before its values, and every counter has a name that ends with _total.
    var declared: Set<Substring> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if line.hasPrefix("# TYPE") {
        declared.insert(words[2])
        #expect((words[3] == "counter") == words[2].hasSuffix("_total"), "\(line)")
      } else if !line.hasPrefix("#") {
        let name = try #require(words.first?.prefix { $0 != "{" })
        #expect(declared.contains(name), "\(line)")
      }
    }
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try contents(of: recording.folder.path).keys.filter { $0.contains("part") }.isEmpty)
  }

  @Test("a metrics file that cannot be written is reported once, and recording goes on")
  func unwritable() throws {
    let recording = try Recording()
    let folder = recording.folder.file("later")
    let path = folder + "/nshist.prom"
    let recorder = try Command(
      Command.nshist, recording.arguments(interval: "20ms") + ["--metrics-file", path])
    try recording.waitFor(samples: 10)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try eventually("metrics") { FileManager.default.fileExists(atPath: path) }
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0)
    let printed = outcome.messages.split(separator: "\n").filter { $0.contains(path) }
    #expect(printed.count == 2, "\(outcome.messages)")
    #expect(printed.first?.contains("recording goes on without metrics") == true)
    #expect(printed.last?.contains("again") == true)
    expectRefusal(
      try Command.nshist("record", "--metrics-file", "", "--db", recording.path), 64,
      saying: "--metrics-file needs a path")
  }

  @Test(
    "promtool accepts the metrics",
    .enabled(if: Promtool.isThere, "needs promtool (Debian's prometheus)"))
  func promtool() throws {
    let recording = try Recording()
    let path = recording.folder.file("nshist.prom")
    let recorder = try Command(
      Command.nshist, recording.arguments(interval: "50ms") + ["--metrics-file", path])
    defer { recorder.signal(SIGKILL) }
    try eventually("metrics") { FileManager.default.fileExists(atPath: path) }
    let outcome = try Command.run(
      "/bin/sh", ["-c", "promtool check metrics < \"$1\"", "sh", path])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.messages)")
  }

  private enum Promtool {
    static let isThere = (try? Command.run("/usr/bin/env", ["promtool", "--version"]).status) == 0
  }
}
