internal import ArgumentParser
internal import NSFleet

/// `nshist fleet init`: makes the store in a database, or upgrades it.
struct FleetInit: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make the store in a PostgreSQL database, or upgrade it.",
    discussion: """
      nshist fleet init postgresql:///?service=fleet
      nshist fleet init 'postgresql:///nshist?service=fleet'

      It makes the schema nshist and the roles nshist_owner, nshist_shipper and nshist_reader. It may be run again at \
      any time. It needs the right to make roles.
      """)

  @Argument(
    help: ArgumentHelp(
      "The URI of the database. A password belongs into a passfile or a service file.",
      valueName: "uri"))
  var uri: String

  func run(on console: Console) throws {
    let before = try FleetConnection(uri).run("make a store in") { (store) throws(FleetError) in
      try store.initialize()
    }
    let version = FleetStore.version
    switch before {
    case nil: console.messages.say("made a store of version \(version)")
    case version: console.messages.say("the store has version \(version) already")
    case let before?:
      console.messages.say("upgraded the store from version \(before) to \(version)")
    }
  }
}
