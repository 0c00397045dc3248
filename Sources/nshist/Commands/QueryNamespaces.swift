internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query namespaces`: lists the namespaces at a moment, as lsns(8) does for the present.
struct QueryNamespaces: ListingCommand {
  static let configuration = CommandConfiguration(
    commandName: "namespaces",
    abstract: "Show every namespace at a time: what lsns would have printed then.",
    discussion: """
      nshist query namespaces --at 10:42
      nshist query namespaces --at -5m --type net --columns inode,nprocs,pid,comm
      """)

  @OptionGroup var moment: MomentOption
  @OptionGroup var type: TypeOption
  @Option(
    help: ArgumentHelp(
      "Only those that processes of a container are in, by name or the beginning of an id.",
      valueName: "container"),
    completion: Completions.container)
  var container: String?

  @OptionGroup var rows: RowOptions
  @OptionGroup var options: QueryOptions

  static var columnNames: [String] { NamespaceMomentColumns.all(.utc).map(\.key) }

  func window(now: WallTime) throws -> TimeWindow {
    let time = try moment.time(now: now)
    return TimeWindow(since: time, until: time)
  }

  func ask(in context: QuestionContext) throws {
    let time = try moment.time(now: context.now)
    let types = try type.types()
    let selector = container.map { ProcessSelector.container($0) }
    try context.list(
      "namespaces", NamespaceMomentColumns.all(context.zone), rows, naming: [selector]
    ) { reader, _ in
      let answer = try reader.namespaces(at: time, of: selector.map { try reader.matcher($0) })
      let formatter = MomentFormatter(
        time: time, samples: answer.samples, zone: context.zone, unread: answer.unread,
        scans: answer.scans)
      return ListedAnswer(
        time: .moment(time, moment, samples: answer.samples, recorded: answer.recorded),
        head: { (formatter.json + [$0.json], formatter.lines) },
        rows: { printer in
          _ = answer.namespaces.lazy.filter { types.contains($0.namespace.type) }
            .allSatisfy { printer.add($0, of: $0.lowest) }
        },
        ifEmpty: { help in
          guard let selector, answer.namespaces.isEmpty else { return }
          try help.say(nothingOf: selector, in: TimeWindow(since: time, until: time))
        })
    }
  }
}
