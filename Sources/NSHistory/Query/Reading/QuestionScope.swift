/// What a question is about: a slice of a history refuses what it does not hold.
struct QuestionScope {
  let window: TimeWindow
  let kind: Kind

  enum Kind {
    /// Processes that are selected, and their threads.
    case processes([ProcessSelector])
    /// Any process: an answer from some of them alone would be wrong.
    case everything
    /// How it was recorded, and no process.
    case recording
  }

  /// A question about processes that are selected.
  static func processes(
    _ selectors: [ProcessSelector], in window: TimeWindow = TimeWindow()
  ) -> QuestionScope {
    QuestionScope(window: window, kind: .processes(selectors))
  }

  /// A question about any process.
  static func everything(in window: TimeWindow = TimeWindow()) -> QuestionScope {
    QuestionScope(window: window, kind: .everything)
  }

  /// A question about any process, at one moment.
  static func everything(at time: Int64) -> QuestionScope {
    .everything(in: TimeWindow(since: time, until: time))
  }

  /// A question about how it was recorded.
  static func recording(in window: TimeWindow = TimeWindow()) -> QuestionScope {
    QuestionScope(window: window, kind: .recording)
  }

  /// The processes that are selected.
  var processes: [ProcessSelector] {
    if case .processes(let processes) = kind { processes } else { [] }
  }
}
