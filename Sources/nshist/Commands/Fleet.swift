internal import ArgumentParser

/// `nshist fleet`: the commands for the histories of many hosts in one store.
struct Fleet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Ship histories into one PostgreSQL store, and ask it.",
    discussion: """
      nshist fleet ship --to postgresql:///?service=fleet --every 30s
      nshist query same 10 20 --fleet postgresql:///?service=fleet --host web-1
      """,
    subcommands: [
      FleetInit.self, FleetShip.self, FleetHosts.self, SearchFleet.self, FleetPull.self,
    ])
}
