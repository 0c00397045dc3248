internal import ArgumentParser
internal import NSHistory

/// The option that selects whether a PID without a time stands for all processes that had it, or only for the
/// last one.
struct IncarnationsOption: ParsableArguments {
  @Flag(
    name: .customLong("all-incarnations"),
    help: """
      Let a PID without a time stand for every process that had it, not only for the last one in the time \
      asked for.
      """)
  var areAll = false

  /// Parses a process selector. A PID without a time selects one process, unless `--all-incarnations` is given.
  func process(_ text: String, now: Int64) throws -> ProcessSelector {
    meant(try SelectorArguments.process(text, now: now))
  }

  /// Parses a namespace selector, which may name a process, as `net@PID` does.
  func namespace(_ text: String, now: Int64) throws -> NamespaceSelector {
    let selector = try SelectorArguments.namespace(text, now: now)
    guard case .of(let type, let process) = selector else { return selector }
    return .of(type, meant(process))
  }

  /// Returns the selector to use for one that the user gave: a PID without a time selects the last process that
  /// had it, unless `--all-incarnations` is given.
  func meant(_ selector: ProcessSelector) -> ProcessSelector {
    if areAll { return selector }
    switch selector {
    case .pid(_, nil, _), .inner: return .latest(selector)
    default: return selector
    }
  }
}
