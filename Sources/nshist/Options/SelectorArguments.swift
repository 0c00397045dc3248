internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel
internal import Procfs
internal import SystemPackage

/// Parses the processes and namespaces that the user names.
enum SelectorArguments {
  static let processHelp = """
    A PID as the recorder saw it (the process that has it now, or had it last), PID@TIME for the \
    process that had it then, PID/TID for a thread whose namespaces differ from those of its process, comm:NAME, \
    container:ID or container:NAME, or PID@pid:[INODE] by the PID inside a pid namespace.
    """
  static let namespaceHelp = """
    net:4026532281 or net:[4026532281] by inode number, net#4107 by the kernel's id, net@PID for \
    those of a process, or the path of one that exists now: /run/netns/NAME, /proc/PID/ns/net.
    """

  /// Parses a process selector.
  static func process(_ text: String, now: WallTime) throws -> ProcessSelector {
    if let name = text.following("comm:") {
      guard !name.isEmpty else { throw ValidationError("'comm:' needs a name: comm:NAME") }
      return .comm(name)
    }
    if let id = text.following("container:") {
      guard !id.isEmpty else {
        throw ValidationError("'container:' needs an id or a name: container:ID or container:NAME")
      }
      return .container(id)
    }
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard let number = number(parts[0]) else {
      throw ValidationError(
        "'\(text)' is not a process; give a PID, PID@TIME, PID/TID, comm:NAME or container:ID")
    }
    guard parts.count == 2 else { return selector(number, alive: nil) }
    if ["pid:", "pid#", "pid@", "/"].contains(where: { parts[1].hasPrefix($0) }) {
      guard number.tid == nil else {
        throw ValidationError(
          "'\(text)' is a thread inside a pid namespace; give its process: \(number.pid)@pid:[INODE]"
        )
      }
      let space = try namespace(String(parts[1]), now: now)
      guard space.type == .pid else {
        throw ValidationError("'\(text)' names a \(space.type) namespace; give a pid namespace")
      }
      return .inner(number.pid, .selected(space))
    }
    // In '10@@1700000000', the second @ belongs to the time, which is in seconds since the epoch.
    let time = String(parts[1])
    let alive = try TimeArguments.time(time, "the process \(text)", now: now)
    let digit = TimeExpression.lastDigit(of: time, now: now, zone: .local)
    return selector(number, alive: alive, within: digit)
  }

  /// Parses a PID, or a PID and a TID separated by a slash; returns nil if the text is neither.
  private static func number(_ text: some StringProtocol) -> TaskNumber? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { TimeArguments.number($0) }.map(Int64.init)
    guard numbers.count == parts.count, let pid = numbers.first else { return nil }
    // The TID of the main thread equals the PID, so it selects the process.
    return TaskNumber(pid: pid, tid: numbers.dropFirst().first { $0 != pid })
  }

  private static func selector(
    _ number: TaskNumber, alive: WallTime?, within: Int64 = 0
  ) -> ProcessSelector {
    number.tid == nil
      ? .pid(number.pid, alive: alive, within: within)
      : .thread(number, alive: alive, within: within)
  }

  /// Parses a namespace selector.
  static func namespace(_ text: String, now: WallTime) throws -> NamespaceSelector {
    if text.hasPrefix("/") { return try namespace(atPath: text) }
    let mistake = ValidationError("'\(text)' is not a namespace; give \(namespaceHelp)")
    guard let mark = text.firstIndex(where: { ":#@".contains($0) }) else { throw mistake }
    guard let type = NamespaceType(name: text[..<mark]) else { throw mistake }
    let rest = String(text[text.index(after: mark)...])
    switch text[mark] {
    case "#":
      guard let id = UInt64(rest) else { throw mistake }
      return .kernelID(type, id)
    case "@": return .of(type, try process(rest, now: now))
    default: break
    }
    // Accepts the form that answers print: net:[4026532281]#4107.
    let parts = rest.split(separator: "#", omittingEmptySubsequences: false)
    if parts.count == 2, let id = UInt64(parts[1]) { return .kernelID(type, id) }
    let isBracketed = rest.hasPrefix("[") && rest.hasSuffix("]")
    guard parts.count == 1,
      let inode = UInt64(isBracketed ? rest.dropFirst().dropLast() : rest[...])
    else { throw mistake }
    return .inode(type, inode)
  }
}

extension SelectorArguments {
  /// Looks up the namespace that a path leads to now. The kernel id distinguishes it from earlier namespaces that had its
  /// inode number.
  private static func namespace(atPath path: String) throws -> NamespaceSelector {
    let shown = SystemText.sanitized(path)
    let remedy = """
      a path is looked up when the question is asked; for the past give net:[INODE] or net@PID: nshist query \
      namespaces --at TIME lists the namespaces of a time and their mounts
      """
    do throws(NamespacePath.Failure) {
      let found = try NamespacePath(path)
      return found.kernelID.map { .kernelID(found.type, $0) } ?? .inode(found.type, found.inode)
    } catch {
      switch error {
      case .open(.noSuchFileOrDirectory), .open(.notDirectory), .open(.noSuchProcess):
        throw ValidationError("'\(shown)' does not exist now; \(remedy)")
      case .open(.permissionDenied), .open(.notPermitted):
        throw ValidationError("'\(shown)' may not be opened, which needs CAP_SYS_PTRACE; \(remedy)")
      case .open(let cause):
        throw ValidationError("'\(shown)' cannot be opened: \(cause); \(remedy)")
      case .notANamespace:
        throw ValidationError(
          "'\(shown)' is no namespace, or no longer: it may have been unmounted; \(remedy)")
      }
    }
  }
}

extension String {
  /// Returns the text after a prefix; nil if the text does not begin with the prefix.
  fileprivate func following(_ word: String) -> String? {
    hasPrefix(word) ? String(dropFirst(word.count)) : nil
  }
}

/// The option that names the container whose PIDs the user gives.
struct InsideOption: ParsableArguments {
  @Option(
    name: .customLong("in"),
    help: ArgumentHelp(
      "PIDs are those seen inside this container, by name or id.", valueName: "container"),
    completion: Completions.container)
  var container: String?

  @OptionGroup var incarnations: IncarnationsOption

  /// Parses a process selector. With `--in`, the PID is the one inside that container.
  func process(_ text: String, now: WallTime) throws -> ProcessSelector {
    guard let container else { return try incarnations.process(text, now: now) }
    let selector = try SelectorArguments.process(text, now: now)
    guard !container.isEmpty else { throw ValidationError("--in names no container") }
    guard case .pid(let number, nil, _) = selector else {
      throw ValidationError(
        "'\(text)' is not a PID inside a container; leave --in out, or give a PID")
    }
    return incarnations.meant(.inner(number, .container(container)))
  }
}

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
  func process(_ text: String, now: WallTime) throws -> ProcessSelector {
    meant(try SelectorArguments.process(text, now: now))
  }

  /// Parses a namespace selector, which may name a process, as `net@PID` does.
  func namespace(_ text: String, now: WallTime) throws -> NamespaceSelector {
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

/// Parses the groups of processes that the user names.
struct GroupArguments {
  static let help = """
    A PID, PID@TIME, comm:NAME, container:ID or container:NAME, a namespace (net@PID, net:INODE, \
    net#ID or a path), or host for the initial namespaces.
    """

  let inside: InsideOption
  let now: WallTime

  func group(_ text: String) throws -> SharedQuestion.Group {
    if text == "host" { return .host }
    if text.hasPrefix("/") {
      return .namespace(try inside.incarnations.namespace(text, now: now))
    }
    if let mark = text.firstIndex(where: { ":#@".contains($0) }),
      NamespaceType(name: text[..<mark]) != nil
    {
      return .namespace(try inside.incarnations.namespace(text, now: now))
    }
    return .processes(try inside.process(text, now: now))
  }

  /// Returns the default namespace types of a question: those of the namespaces among the groups, or all types if
  /// no group is a namespace.
  static func types(of groups: [SharedQuestion.Group]) -> [NamespaceType] {
    let own = Set(
      groups.compactMap { group in
        if case .namespace(let selector) = group { selector.type } else { nil }
      })
    return own.isEmpty ? NamespaceType.allCases : NamespaceType.allCases.filter(own.contains)
  }
}

/// The option that selects namespace types.
struct TypeOption: ParsableArguments {
  @Option(
    name: .customLong("type"),
    help: ArgumentHelp(
      "Only these types: \(TypeOption.all).", valueName: "type,..."),
    completion: Completions.types)
  var given: [String] = []

  private static let all = NamespaceType.allCases.map(\.name).joined(separator: ", ")

  /// Returns the selected types, in the order of `NamespaceType`; all types by default.
  func types() throws -> [NamespaceType] {
    guard !given.isEmpty else { return NamespaceType.allCases }
    var asked: Set<NamespaceType> = []
    for name in given.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      guard let type = NamespaceType(name: name) else {
        throw ValidationError("'\(name)' is not a namespace type; the types are \(Self.all)")
      }
      asked.insert(type)
    }
    return NamespaceType.allCases.filter(asked.contains)
  }
}
