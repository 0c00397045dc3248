/// The result of one check.
struct Checkup {
  /// The name of the check, in a word or two.
  let what: String
  let state: State
  /// The finding, as text.
  let found: String
  /// The consequence of the finding or its remedy; empty if the state is `fine`.
  var advice = ""

  /// The raw value is the word in every output.
  enum State: String {
    case fine
    /// The feature works with a loss of data or function.
    case degraded
    /// The feature does not work.
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
