internal import ArgumentParser

/// `nshist query`: the commands that query the history.
struct Query: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Ask the history.",
    discussion: """
      nshist query same 10 20 --at 10:42
      nshist query shared container:web container:db --since -1h
      nshist query history 4711
      """,
    subcommands: [
      QuerySame.self, QueryShared.self, QueryHistory.self, QueryMembers.self, QueryPeers.self,
      QueryChanges.self,
      QueryNamespaces.self, QueryProcesses.self, QueryTree.self, QueryCoverage.self,
    ])
}
