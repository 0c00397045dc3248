internal import ArgumentParser

/// `nshist query`: questions to the history.
struct Query: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask the history.", subcommands: [QuerySame.self])
}
