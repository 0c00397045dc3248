internal import ArgumentParser
internal import NSHistory
internal import NSRecorder

/// Whether to listen to the kernel's events, as an argument.
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

/// Which processes that no sample observed are kept, as an argument.
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
