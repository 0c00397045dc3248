package import NamespaceModel

/// Takes samples of the processes in a `/proc`, and holds their directories open between passes.
///
/// A pass lists /proc, reads the ten links of each known process (`TaskReader`, `LinkCache`), then the threads
/// (`ThreadDiscovery`), and adds the processes that it does not know. At the end it asks the kernel once for the id of
/// each inode number that it read (`IdentityResolver`), reads the relations of new namespaces (`RelationScan`), compares
/// the threads with their processes (`ThreadComparison`), and reports the differences to the last sample
/// (`ChangeEmitter`). All steps share one `ProcessTable`, whose entries they read in its order.
package final class ProcfsSource: SampleSource {
  /// How the source distinguishes namespaces.
  package let identity: IdentitySource
  /// Interrupts each pass now and then.
  package let pauses: PassPauses
  private let table: ProcessTable
  private let links: LinkCache
  private let tasks: TaskReader
  private let threads: ThreadDiscovery
  private let identities: IdentityResolver
  private var relations: RelationScan
  private let changes: ChangeEmitter
  /// Whether the last finished pass read the threads of every process; nil if there was none.
  private var lastPassReadThreads: Bool?

  /// Whether the next pass reads the threads of every process, not only those of processes whose main
  /// thread has exited.
  package var readsThreads: Bool {
    get { threads.readsAll }
    set { threads.readsAll = newValue }
  }

  /// The processes and threads that the source knows, in the order of the last pass.
  var entries: ContiguousArray<ProcessEntry> { table.entries }

  /// A source that reads `root`.
  ///
  /// - Parameters:
  ///   - identity: how the source distinguishes namespaces; by default, the best way that works.
  ///   - descriptorBudget: how many directories the source may hold open; by default, the limit of open
  ///     files, raised as far as possible, less the number that the rest of the program needs.
  ///   - readsCommandLines: whether the source reads command lines.
  package init(
    root: ProcRoot, identity: IdentitySource? = nil, descriptorBudget: Int? = nil,
    readsCommandLines: Bool = true
  ) {
    let identity = identity ?? IdentitySource.probe(root)
    self.identity = identity
    pauses = PassPauses(path: root.path)
    table = ProcessTable(
      root: root,
      descriptorBudget: descriptorBudget
        ?? max(0, OpenFileLimit.raise() - OpenFileLimit.reserve))
    links = LinkCache(table: table, identity: identity)
    changes = ChangeEmitter(
      table: table, links: links, pauses: pauses, readsCommandLines: readsCommandLines)
    tasks = TaskReader(table: table, links: links, changes: changes, pauses: pauses)
    threads = ThreadDiscovery(table: table, links: links, reader: tasks, pauses: pauses)
    identities = IdentityResolver(table: table, links: links, identity: identity)
    relations = RelationScan(table: table, links: links, identity: identity)
  }

  /// Passes over every process once; see `SampleSource`.
  package func takeSample() throws(ProcfsError) -> ProcessSample {
    try readAll()
    return try finish()
  }

  /// The first step of a pass: reads the links of all processes and threads, in the order of the table.
  func readAll() throws(ProcfsError) {
    // A failed pass leaves the entries that it added unsorted.
    changes.remove(table.removeGone())
    table.beginPass()
    changes.beginPass()
    let arrivals = try tasks.readProcesses()
    let groups = try threads.readKnown()
    let first = table.entries.count
    try tasks.adopt(arrivals)
    try threads.discover(groups, first..<table.entries.count)
  }

  /// The second step: identifies the namespaces of the links, and reports the differences.
  func finish() throws(ProcfsError) -> ProcessSample {
    try identities.verify()
    var sample = ProcessSample(start: table.pass.start)
    sample.hasThreads = readsThreads
    sample.hasSharingThreads = readsThreads
    try relations.read()
    try ThreadComparison(
      table: table, links: links, changes: changes, lastPassReadThreads: lastPassReadThreads
    ).compare()
    changes.remove(table.removeGone())
    sample.counts.namespaces = links.endPass()
    changes.emitChanges(into: &sample)
    sample.related = relations.take()
    lastPassReadThreads = readsThreads
    sample.end = ClockReading.now()
    return sample
  }
}
