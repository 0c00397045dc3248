internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query tree`: the pid and user hierarchy at a time.
struct QueryTree: QuestionCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Draw which pid and user namespaces were made in which, at a time.",
    discussion: """
      nshist query tree --at 10:42
      nshist query tree --type user --format json
      """)

  @OptionGroup var moment: MomentOption

  @Option(help: ArgumentHelp("Only the hierarchy of this type: pid or user.", valueName: "type"))
  var type: HierarchyType?

  @OptionGroup var options: QueryOptions

  func window(now: WallTime) throws -> TimeWindow {
    let time = try moment.time(now: now)
    return TimeWindow(since: time, until: time)
  }

  func ask(in context: QuestionContext) throws {
    let time = try moment.time(now: context.now)
    let (reader, help) = try context.open()
    let answer = try reader.namespaces(at: time)
    let trees = (type.map { [$0] } ?? HierarchyType.allCases).map { type in
      NamespaceTree(type.type, answer.namespaces)
    }
    let caveats = try help.caveats(at: time, moment)
    let output = try context.output()
    let formatter = MomentFormatter(
      time: time, samples: answer.samples, zone: context.zone, unread: answer.unread,
      scans: answer.scans)
    switch context.format {
    case .table:
      for line in formatter.lines { try output.write(line: line) }
      for tree in trees {
        let lines = TreeText(tree: tree, console: context.console).lines
        try output.write("\n" + lines.joined(separator: "\n") + "\n")
      }
    case .json:
      let all = formatter.json + [caveats.json, ("trees", .array(trees.map(\.json)))]
      try output.write(JSON.object(all).pretty + "\n")
    case .csv:
      try output.write(NamespaceTree.csv(trees))
    }
    try output.finish()
    let moment = AnswerTime.moment(
      time, moment, samples: answer.samples, recorded: answer.recorded)
    try moment.say(caveats, help, isEmpty: answer.namespaces.isEmpty)
    if answer.namespaces.isEmpty { try help.endEmpty(caveats) }
    try moment.endFuture(help)
  }
}

/// A type whose namespaces form a hierarchy (`ioctl_nsfs(2)`).
enum HierarchyType: String, ExpressibleByArgument, CaseIterable {
  case user, pid

  var type: NamespaceType {
    switch self {
    case .user: .user
    case .pid: .pid
    }
  }
}
