// A question to the golden history.

import Testing

struct GoldenQuestion: Sendable, CustomTestStringConvertible {
  /// The name of its golden files, without the extension.
  let name: String
  let words: [String]
  var status: Int32 = 0

  init(_ name: String, _ words: String, status: Int32 = 0) {
    self.name = name
    self.words = words.split(separator: " ").map(String.init)
    self.status = status
  }

  var testDescription: String { name }

  /// The values of `--format`, with the file extension of each.
  var formats: [(format: String, ending: String)] {
    let forPeople = words.first == "export" ? "tsv" : "table"
    return [(forPeople, "txt"), ("json", "json"), ("csv", "csv")]
  }

  /// Returns the arguments for `nshist`.
  func arguments(_ format: String) -> [String] {
    words + ["--format", format] + (format == "table" ? ["--utc"] : [])
  }

  static let all = [
    // Between samples 3 and 4; 5000 has unshared.
    Self("same-at", "query same 5000 812 --at 2023-11-14T22:15:12Z", status: 1),
    // While the machine was suspended.
    Self("same-at-gap", "query same 4711 812 --at 2023-11-14T22:15:30Z", status: 2),
    // The clock showed this time twice: between samples 6 and 7, and between 7 and 8.
    Self("same-at-twice", "query same 4711 6200 --at 2023-11-14T22:15:52.5Z"),
    // The clock showed this time twice: between samples 6 and 7, and between 8 and 9, where 6200 exits.
    Self("same-at-twice-changed", "query same 4711 6200 --at 2023-11-14T22:15:53.5Z", status: 2),
    Self("same-range", "query same 5000 5100", status: 2),
    Self("same-range-part", "query same 4711 4712 812 --until 2023-11-14T22:15:14Z", status: 1),
    // 5000 was in the host's network, and left it.
    Self(
      "same-range-differs", "query same 5000 812 --until 2023-11-14T22:15:20Z --type net,user",
      status: 1),
    Self("same-reused", "query same 6100 812 --type net,user", status: 2),
    // PID 6100 was two processes. With --all-incarnations both count.
    Self("same-reused-all", "query same 6100 812 --type net,user --all-incarnations", status: 2),
    Self("same-not-there", "query same 6200 4711 --at 2023-11-14T22:15:12Z", status: 2),
    Self("same-denied", "query same 7000 7100 7200 --type net,user", status: 2),

    // 5100 was in the network of 5000 from sample 4 to 6.
    Self("shared", "query shared 5000 5100 --type net,uts,user"),
    Self("shared-container", "query shared container:0123 host --type net,user"),
    Self("shared-namespace", "query shared net#5001 5100 812"),
    Self("shared-apart", "query shared 4711 812 --type net", status: 2),
    // Between samples 4 and 5, and while the machine was suspended.
    Self("shared-at", "query shared 5000 5100 --type net,uts --at 2023-11-14T22:15:17Z"),
    Self("shared-at-gap", "query shared 5000 5100 --type net --at 2023-11-14T22:15:30Z", status: 2),
    Self("shared-reused", "query shared 6100 comm:nginx --type net,pid", status: 2),

    Self("history-moved", "query history 5000"),
    Self("history-joined", "query history 5100"),
    Self("history-container", "query history 4711"),
    Self("history-exec", "query history 6200"),
    Self("history-reused", "query history 6100"),
    Self("history-reused-all", "query history 6100 --all-incarnations"),
    Self("history-denied", "query history 7000"),
    Self("history-never-read", "query history 7100"),
    Self("history-zombie", "query history 7200"),
    Self("history-nested", "query history 8002"),

    Self("members-reused", "query members net:4026532300"),
    Self("members-nested", "query members user:4026532402"),
    Self("members-parent", "query members user:4026532400"),
    Self("members-container", "query members pid#4104"),
    // Between samples 2 and 3, which both saw the container.
    Self(
      "members-window",
      "query members pid#4104 --since 2023-11-14T22:15:06Z --until 2023-11-14T22:15:07Z"),

    Self("peers", "query peers 4711"),
    Self("peers-all", "query peers 4711 --all"),
    Self("peers-container", "query peers container:0123"),
    Self("peers-joined", "query peers 5100"),
    Self("peers-initial", "query peers 5000 --initial --type net"),

    Self("changes", "query changes"),
    Self("changes-pid", "query changes --pid 5000"),
    Self("changes-pid-reused", "query changes --pid 6100"),
    Self("changes-namespace", "query changes --namespace net:4026532300"),
    // Between samples 3 and 4, when 5100 joined and 6200 started.
    Self(
      "changes-window", "query changes --since 2023-11-14T22:15:11Z --until 2023-11-14T22:15:14Z"),
    Self("changes-denied", "query changes --pid 7100"),

    Self("namespaces-at", "query namespaces --at 2023-11-14T22:15:12Z"),
    // While 5000 unshares, and when 8000, 8001 and 8002 have started.
    Self("namespaces-at-change", "query namespaces --at 2023-11-14T22:15:08.8Z"),
    Self("namespaces-at-gap", "query namespaces --at 2023-11-14T22:16:20Z"),
    Self("processes-at", "query processes --at 2023-11-14T22:15:12Z"),
    Self("processes-at-gap", "query processes --at 2023-11-14T22:15:30Z"),
    Self("processes-at-twice", "query processes --at 2023-11-14T22:15:52.5Z"),
    Self("processes-at-off", "query processes --at 2023-11-14T22:16:20Z"),
    Self("processes-at-change", "query processes --at 2023-11-14T22:15:08.8Z"),
    Self("processes-at-before", "query processes --at 2023-11-14T22:14:30Z"),
    Self("processes-at-end", "query processes --at 2023-11-14T22:17:30Z"),
    Self("processes-container", "query processes --at 2023-11-14T22:15:12Z --container 0123"),
    Self("processes-types", "query processes --at 2023-11-14T22:15:16Z --type net,user"),
    Self("tree-at", "query tree --at 2023-11-14T22:15:12Z"),
    Self("tree-at-end", "query tree --at 2023-11-14T22:17:30Z"),

    Self("coverage", "query coverage"),
    Self("coverage-at", "query coverage --at 2023-11-14T22:15:12Z"),
    Self("coverage-at-gap", "query coverage --at 2023-11-14T22:15:30Z", status: 2),
    Self("coverage-at-twice", "query coverage --at 2023-11-14T22:15:52.5Z"),
    Self("coverage-at-twice-set", "query coverage --at 2023-11-14T22:15:53.5Z"),
    Self("coverage-at-off", "query coverage --at 2023-11-14T22:16:20Z", status: 2),

    Self("timeline", "timeline 5000 4711 --type net,uts"),
    // 5000 left the initial net and uts namespaces; in all other types both processes stayed.
    Self("timeline-folded", "timeline 5000 812"),
    Self("timeline-one", "timeline 4712"),
    Self("timeline-all", "timeline 5000 812 --all"),
    Self("timeline-reused", "timeline 6100 7000 --type net"),
    // Around the time at which the wall clock was set.
    Self(
      "timeline-window",
      "timeline 5000 6000 --type net --since 2023-11-14T22:15:48Z --until 2023-11-14T22:16:00Z"),

    Self("export", "export --type net"),
  ]
}
