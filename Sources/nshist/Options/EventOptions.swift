internal import ArgumentParser
internal import NSHistory
internal import NSRecorder

/// The command-line values of the option that selects whether to record kernel events.
enum EventsChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, on, off

  var choice: RecorderConfiguration.Events {
    switch self {
    case .auto: .auto
    case .on: .on
    case .off: .off
    }
  }
}

/// The command-line values of the option that selects which processes that no sample observed are recorded.
enum ShortLivedChoice: String, CaseIterable, ExpressibleByArgument {
  case all, changed, none

  var choice: ShortLived {
    switch self {
    case .all: .all
    case .changed: .changed
    case .none: .none
    }
  }
}
