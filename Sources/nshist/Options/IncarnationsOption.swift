internal import ArgumentParser
internal import NSHistory

/// Which of the processes that had a PID a bare PID means.
struct IncarnationsOption: ParsableArguments {
  @Flag(
    name: .customLong("all-incarnations"),
    help: """
      Take a bare PID for every process that had it, and not only for the one that has it now, or had it \
      last in the time asked for.
      """)
  var areAll = false

  /// A process: a bare PID is one process, unless all are asked for.
  func process(_ text: String, now: Int64) throws -> ProcessSelector {
    meant(try SelectorArguments.process(text, now: now))
  }

  /// A namespace, which may be given by a process.
  func namespace(_ text: String, now: Int64) throws -> NamespaceSelector {
    let selector = try SelectorArguments.namespace(text, now: now)
    guard case .of(let type, let process) = selector else { return selector }
    return .of(type, meant(process))
  }

  /// What a selector means that a person gave.
  func meant(_ selector: ProcessSelector) -> ProcessSelector {
    if areAll { return selector }
    switch selector {
    case .pid(_, nil, _), .inner: return .latest(selector)
    default: return selector
    }
  }
}
