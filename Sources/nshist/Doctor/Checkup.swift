/// One thing that was looked at, and what is to be said of it.
struct Checkup {
  /// What was looked at, in a word or two.
  let what: String
  let state: State
  /// What was found.
  let found: String
  /// What is lost by that, or what mends it; empty when all is fine.
  var advice = ""

  /// The raw value is the word in every output.
  enum State: String {
    case fine
    /// It works, with something lost.
    case degraded
    /// It does not work.
    case broken
  }
}

/// The columns of the findings.
enum CheckupColumns {
  static var all: [Column<Checkup>] {
    [
      Column("check") { .string($0.what) },
      Column("state", cell: { .init(text: $0.state.rawValue, colour: colour($0.state)) }) {
        .string($0.state.rawValue)
      },
      Column("found") { .string($0.found) },
      Column("advice", in: .data) { $0.advice.isEmpty ? .null : .string($0.advice) },
    ]
  }

  private static func colour(_ state: Checkup.State) -> Colour {
    switch state {
    case .fine: .green
    case .degraded: .yellow
    case .broken: .red
    }
  }
}
