// The exact form of an answer: keys, words and lines on which people and programs rely.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct AnswerFormTests {
  private let recording: Recording

  init() throws {
    recording = try Recording([])
    // The namespaces of kthreadd are the initial ones, whatever their inode numbers.
    try recording.proc.add(2, comm: Array("kthreadd".utf8), parent: 0, flags: 0x20_8040)
    try recording.proc.add(10, comm: Array("nginx".utf8), uid: 33)
    try recording.proc.add(20, comm: Array("php-fpm".utf8), links: ["net": 4_026_532_281])
    // The interval is long enough that a slow machine causes no gap.
    #expect(try recording.start(interval: "1s", samples: 2).wait().status == 0)
  }

  private func ask(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(
      Command.nshist, ["query", "same", "10", "20", "--utc", "--db", recording.path] + arguments)
  }

  /// Replaces each time in an output, which differs in each run, by a name: equal times by equal names.
  private func withoutTimes(_ text: String) throws -> String {
    let time = try Regex(#"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+Z"#)
    var names: [Substring: String] = [:]
    // The end of the first sample and its start may be printed as the same millisecond or not.
    let text = text.replacing(/together from [0-9: .Z-]+ until/, with: "together from then until")
      .replacing(/and 20 from [0-9: .Z-]+ to/, with: "and 20 from then to")
    return text.replacing(time) { match in
      let name = names[match.0] ?? "T\(names.count + 1)"
      names[match.0] = name
      return name
    }
  }

  @Test func theTable() throws {
    let outcome = try ask("--type", "net,uts")
    #expect(outcome.status == 1 && outcome.messages == "")
    let text = try withoutTimes(outcome.output).replacing(/[0-9.]+ m?s +uts:/, with: "D  uts:")
    #expect(
      text == """
        different  PIDs 10 and 20 from then to T1: different in net; same in uts
        10: nginx, uid 33, started T2, recorded T3 to T1
        20: php-fpm, uid 0, started T2, recorded T3 to T1

        TYPE  VERDICT    EVIDENCE  TOGETHER  NAMESPACE
        net   different  sampled             10 in net:[4026531999] (initial); 20 in net:[4026532281]
        uts   same       sampled   D  uts:[4026531838] (initial)

        together from then until T1: uts

        Evidence: sampled. Changes between samples are not recorded.

        """)
  }

  @Test func theTableOfAMoment() throws {
    let sql = "SELECT (min(wall_ns) + max(wall_ns)) / 2 FROM sample"
    let middle = try #require(recording.number(sql))
    let outcome = try ask("--type", "uts", "--at", argument(middle))
    #expect(outcome.status == 0 && outcome.messages == "")
    let length = try Regex(#"\([0-9]+ ms (before|after)\)"#)
    #expect(
      try withoutTimes(outcome.output).replacing(length) { "(\($0.0.contains("b") ? "-" : "+"))" }
        == """
        same  PIDs 10 and 20 at T1: same in uts
        10: nginx, uid 33, started T2, recorded T3 to T4
        20: php-fpm, uid 0, started T2, recorded T3 to T4

        TYPE  VERDICT  EVIDENCE  NAMESPACE
        uts   same     sampled   uts:[4026531838] (initial)

        Rests on the samples of T3 (-) and T4 (+).
        Evidence: sampled. Changes between samples are not recorded.

        """)
  }

  @Test func theCSV() throws {
    let text = try withoutTimes(ask("--type", "net,uts", "--format", "csv").output)
    #expect(
      text
        == [
          "type,verdict,evidence,reason,reason_pids,differed_at_times,inode,id,initial,pids,from,"
            + "until,open",
          "net,different,sampled,,,true,4026531999,,true,10,,,",
          "net,different,sampled,,,true,4026532281,,false,20,,,",
          "uts,same,sampled,,,false,4026531838,,true,10 20,T1,T2,false", "",
        ].joined(separator: "\r\n"))
  }

  @Test func theKeysOfTheJSON() throws {
    let outcome = try ask("--format", "json")
    let answer = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(answer["verdict"] as? String == "different")
    let processes = try #require(answer["processes"] as? [[String: Any]])
    #expect(processes.map { $0["comm"] as? String } == ["nginx", "php-fpm"])
    for process in processes {
      #expect(Set(process.keys).isSuperset(of: ["pid", "start", "comm", "container"]))
      for key in ["start", "first_seen", "last_seen"] {
        #expect((process[key] as? String)?.hasSuffix("Z") == true, "\(key)")
      }
    }
    let types = try #require(answer["types"] as? [[String: Any]])
    #expect(
      types.map { $0["type"] as? String } == [
        "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts",
      ])
    for type in types {
      let isNet = type["type"] as? String == "net"
      #expect(type["verdict"] as? String == (isNet ? "different" : "same"))
      #expect(type["evidence"] as? String == "sampled")
      #expect(type["reason"] is NSNull)
      let namespaces = try #require(type["namespaces"] as? [[String: Any]])
      #expect(namespaces.count == (isNet ? 2 : 1))
      #expect(namespaces.allSatisfy { $0["inode"] is Int && $0["id"] is NSNull })
      #expect(namespaces.first?["initial"] as? Bool == true)
      let intervals = try #require(type["intervals"] as? [[String: Any]])
      #expect(intervals.count == (isNet ? 0 : 1))
      #expect(intervals.allSatisfy { $0["from"] is String && $0["until"] is String })
      #expect(intervals.allSatisfy { $0["open"] as? Bool == false })
    }
  }
}
