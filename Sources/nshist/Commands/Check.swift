internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// `nshist check`: compares running processes now, without a history.
struct Check: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Show whether running processes share namespaces now; no history is needed.",
    discussion: """
      nshist check 10 20
      nshist check $$ 1 --type net,mnt

      Exit status: 0 same in every type asked for, 1 different in at least one, 2 none different \
      but at least one unknown.
      """)

  @Argument(help: ArgumentHelp("PIDs of running processes.", valueName: "pid"))
  var pids: [String]

  @OptionGroup var type: TypeOption
  @Option(help: "How to print it.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false

  func validate() throws {
    guard pids.count >= 2 else { throw ValidationError("give at least two PIDs") }
  }

  func run(on console: Console) throws {
    let asked = try pids.map(TimeArguments.pid)
    guard Set(asked).count == asked.count else {
      throw ValidationError("a PID was given twice; give different ones")
    }
    let types = try type.types()
    let root = try ProcRoot.live()
    let live = try LiveComparison.with(asked, root: root) { (live) throws(ProcfsError) in
      let processes = try live.processes()
      var findings: [(NamespaceType, [LiveComparison.Finding])] = []
      for type in types { findings.append((type, try live.findings(type))) }
      return (processes: processes, findings: findings)
    }
    let comparison = LiveAnswer(pids: asked, processes: live.processes).comparison(live.findings)
    for (place, pid) in asked.enumerated() {
      if let process = live.processes[place]?.threadOf {
        console.messages.say(
          "\(pid) is a thread of process \(process): its own namespaces are meant")
      }
      if live.findings.contains(where: { $0.1[place] == .notRunning }) {
        console.messages.say("there is no process \(pid) now; of the past, ask nshist query same")
      }
    }
    try comparison.print(format, utc: utc, console)
    throw ExitStatus.of(comparison.verdict)
  }
}
