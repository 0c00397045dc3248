internal import NSHistory
internal import NamespaceModel

/// Formats the text around the answer to `query shared`: above the rows a sentence that can be quoted alone and what is
/// usual in it, and below them the other visits, the unobserved intervals and the evidence.
struct SharedFormatter {
  let answer: SharedAnswer
  let names: [GroupName]
  let window: TimeWindow
  let isMoment: Bool
  let zone: TimeZoneChoice
  let caveats: [Caveat]
  let colours: Bool
  /// How much of the answer the text lists.
  var extent = Extent.brief

  /// How much of an answer the text lists.
  enum Extent: Int {
    /// A few entries of each kind.
    case brief = 5
    /// More of them, for a page.
    case long = 20
    /// All, also what containers usually share with the host, and each tool of container engines.
    case all = 1_000_000
  }

  /// The largest number of entries that the text lists of each kind.
  private var mostSentences: Int { extent.rawValue }

  /// Where the entries are that the text does not list.
  private var rest: String {
    switch extent {
    case .brief: "--all lists them"
    case .long: "nshist query shared lists them with --all"
    case .all: "--format csv or json has them"
    }
  }

  /// The lines above the rows of the types.
  var header: [String] { [headline] + alsoUsual }

  /// The lines below the rows.
  var footer: [String] {
    let blocks = [moreSentences, reasons + unobserved, beside + evidence].filter { !$0.isEmpty }
    return Array(blocks.joined(separator: [""]))
  }

  // MARK: The first line

  private var headline: String {
    let word = SharedColumns.colour(answer.verdict).paint(answer.verdict.rawValue, colours)
    switch answer.verdict {
    case .shared:
      return "\(word)  \(onlyUsual)\(deciding.map(sentence) ?? "")\(amongOthers)"
    case .never:
      return """
        \(word)  No process of \(who("no process of")) was in one namespace with another's \(when): \
        \(types(.never)). \(whyNever)\(howContainersAreKnown)
        """
    case .unknown:
      return """
        \(word)  Whether \(who("and")) shared a namespace \(when) is not known: \(types(.unknown))\
        \(types(.never).isEmpty ? "" : "; never in \(types(.never))").
        """
    }
  }

  private var whyNever: String {
    let hasGap = caveats.contains { $0.missing != nil }
    if isExact, !hasGap { return "Kernel events cover all of that." }
    let areApart = answer.types.filter { $0.verdict == .never }.allSatisfy(\.areAtDifferentTimes)
    return areApart
      ? "They ran at different times."
      : "Kernel events cover all the time in which \(names.count == 2 ? "both" : "two of them") ran."
  }

  /// The sentence that containers are known by the cgroups of their processes, whose changes no event reports.
  private var howContainersAreKnown: String {
    names.contains(where: \.isContainer)
      ? " Which processes a container had is known from their cgroups, as they were read." : ""
  }

  /// The visit that the headline names.
  var deciding: SharedAnswer.Visit? {
    answer.types.flatMap(\.visits).min { Self.rank($0) < Self.rank($1) }
  }

  /// The sentence that the visit of the headline is one of several in its type; empty if it is the only one.
  private var amongOthers: String {
    guard let deciding,
      let line = answer.types.first(where: { $0.type == deciding.namespace.type }),
      line.visitCount > 1, let first = line.visits.map(\.from).min()
    else { return "" }
    return
      " It is one of \(line.visitCount) times in \(line.type); the first began at \(show(first))."
  }

  /// Returns the sort key of a visit for the headline. First come visits outside of the host's initial namespaces,
  /// then those in types that a container usually has for itself. Among these the longest visit comes first: the
  /// processes that set up a container make brief ones.
  private static func rank(_ visit: SharedAnswer.Visit) -> (Int, Int64, Int, WallTime) {
    let kind = visit.namespace.isInitial != true ? 0 : isUsual(visit) ? 2 : 1
    return (kind, visit.from &- visit.until, visit.isExact ? 0 : 1, visit.from)
  }

  /// The types whose initial namespaces container engines let a container share with the host, unless they are told
  /// otherwise.
  private static let usualTypes: Set<NamespaceType> = [.cgroup, .time, .user]

  private static func isUsual(_ visit: SharedAnswer.Visit) -> Bool {
    visit.namespace.isInitial == true && usualTypes.contains(visit.namespace.type)
  }

  /// The types in which the sharing is usual; none unless a container was asked about.
  private var usual: [String] { answer.types.filter(isUsual).map(\.type.name) }

  /// Whether all sharing in a type was in the host's initial namespace, as it is with most containers.
  func isUsual(_ line: SharedAnswer.TypeAnswer) -> Bool {
    names.contains(where: \.isContainer) && line.verdict == .shared
      && line.visits.allSatisfy(Self.isUsual)
  }

  /// The beginning of the headline if nothing else was shared.
  private var onlyUsual: String {
    guard let deciding, Self.isUsual(deciding), !usual.isEmpty else { return "" }
    return "Only as containers usually share with the host (\(usual.joined(separator: ", "))): "
  }

  /// The line about what was shared as usual, if something else was shared too.
  private var alsoUsual: [String] {
    guard answer.verdict == .shared, onlyUsual.isEmpty, !usual.isEmpty else { return [] }
    let types = usual.joined(separator: ", ")
    return ["In \(types) the sharing is that of most containers: the namespace is the host's."]
  }

  private func who(_ joint: String) -> String {
    let all = names.map(\.name)
    let rest = all.dropLast().joined(separator: ", ")
    return joint == "and" ? "\(rest) and \(all.last ?? "")" : "\(rest) or \(all.last ?? "")"
  }

  private var when: String {
    if isMoment, let time = window.since { return "at \(show(time))" }
    guard let recorded = answer.recorded else { return "in all that is recorded (nothing)" }
    if let until = window.until, until < recorded.lowerBound {
      let left = isExpired ? " that retention has left," : ""
      return "\(asked), before the first sample\(left) at \(show(recorded.lowerBound)),"
    }
    if let since = window.since, since > recorded.upperBound {
      return "\(asked), after the last sample at \(show(recorded.upperBound)),"
    }
    let from = window.since ?? recorded.lowerBound
    return "from \(show(from)) to \(show(window.until ?? recorded.upperBound))"
  }

  /// The time of the question, as text.
  private var asked: String {
    switch (window.since, window.until) {
    case (let since?, let until?): "from \(show(since)) to \(show(until))"
    case (let since?, nil): "from \(show(since)) on"
    case (nil, let until?): "up to \(show(until))"
    case (nil, nil): "in all that is recorded"
    }
  }

  /// Whether retention removed records of the time of the question.
  private var isExpired: Bool { caveats.contains { $0.missing == .expired } }

  private func types(_ verdict: SharedVerdict) -> String {
    answer.types.filter { $0.verdict == verdict }.map { line in
      line.type.name + (line.reason.map { " (\($0.rawValue))" } ?? "")
    }.joined(separator: ", ")
  }

  // MARK: Sentences

  /// Returns the sentence about a visit: `PID 19732 (nsenter) of container web was in db's net namespace
  /// 20:55:16.037 to ...`.
  private func sentence(_ visit: SharedAnswer.Visit) -> String {
    let other = names[visit.otherGroup]
    let name = names[visit.group]
    guard let process = visit.process else {
      return "\(name.name) and \(other.name) are one namespace, \(visit.namespace.text), "
        + time(visit)
    }
    let subject = GroupName.name(process) + name.suffix(process)
    let type = visit.namespace.type.name
    let isHosts = visit.namespace.isInitial == true
    if visit.others.isEmpty {
      let namespace = isHosts ? "the host's \(type) namespace" : visit.namespace.text
      return "\(subject) was in \(namespace) \(time(visit))"
    }
    if visit.isOthersOwn, !isHosts {
      return "\(subject) was in \(other.own(type, of: visit.others.first)) \(time(visit))"
    }
    let namespace = isHosts ? "the host's \(type) namespace" : visit.namespace.text
    let first = visit.others.first.map { GroupName.name($0) + other.suffix($0) } ?? other.name
    guard visit.otherCount > 1 else {
      return "\(subject) and \(first) were in \(namespace) \(time(visit))"
    }
    // The times are those of the visitor; each of the others may have come later or left earlier.
    return """
      \(subject) was in \(namespace) \(time(visit)) \(isMoment ? "With" : "For all or part of that time with") \
      it: \(first) and \(visit.otherCount - 1) more of \(other.name).
      """
  }

  /// Returns the times of a visit. Omits the date of the end if it equals that of the beginning.
  private func time(_ visit: SharedAnswer.Visit) -> String {
    let from = show(visit.from)
    var until = show(visit.until)
    if until.prefix(11) == from.prefix(11), until.suffix(6) == from.suffix(6) || zone == .utc {
      until = TimeFormat.timeOfDay(visit.until, zone, milliseconds: true)
    }
    let span = visit.from == visit.until ? "at \(from)" : "\(from) to \(until)"
    return "\(span) (\(bounds(visit)))."
  }

  private func bounds(_ visit: SharedAnswer.Visit) -> String {
    if isMoment { return visit.isExact ? "exact" : "sampled" }
    let ends = [visit.beginning, visit.end]
    if visit.from == visit.until, !ends.contains(.range) {
      return visit.isExact ? "exact" : "sampled: in one sample"
    }
    if ends == [.exact, .exact] { return "exact" }
    if ends == [.sampled, .sampled] { return "sampled" }
    let beginning =
      switch visit.beginning {
      case .exact: "began exactly then"
      case .sampled, .open: "began then or earlier: sampled"
      case .range: "began before the time asked for"
      }
    let end =
      switch visit.end {
      case .exact: "ended exactly then"
      case .sampled: "ended then or later: sampled"
      case .range: "went on after the time asked for"
      case .open: "and still held"
      }
    return "\(beginning); \(end)"
  }

  private var moreSentences: [String] {
    guard answer.verdict == .shared else { return [] }
    let visits = answer.types.flatMap(\.visits)
    guard visits.count > 1 else { return [] }
    let foldsUsual = extent != .all && names.contains(where: \.isContainer)
    let folded = foldsUsual ? visits.filter(Self.isUsual) : []
    // A line about one visit only would be no shorter than the visit.
    let listed = folded.count > 1 ? visits.filter { !Self.isUsual($0) } : visits
    var lines = listed.prefix(mostSentences).map(sentence)
    let all = answer.types.reduce(0) { $0 + $1.visitCount }
    let others = all - lines.count - (visits.count - listed.count)
    if others > 0 { lines.append("and \(others) more: \(rest)") }
    return lines + (folded.count > 1 ? [usualVisits(folded)] : [])
  }

  /// Returns the line about visits of the kind that most containers make.
  private func usualVisits(_ visits: [SharedAnswer.Visit]) -> String {
    let types = visits.map(\.namespace.type.name).uniqued
    let processes = Set(visits.compactMap { $0.process?.id }).count
    let from = visits.map(\.from).min() ?? .zero
    let until = visits.map(\.until).max() ?? .zero
    return """
      In the host's \(types.joined(separator: ", ")) namespace\(types.count == 1 ? "" : "s"), as most containers \
      are: \(RecordingFormatter.count(processes, "process", "processes")), \(visits.count) times, \
      \(show(from)) to \(show(until)): \(rest).
      """
  }

  /// A line for each reason in the rows, with its meaning.
  private var reasons: [String] {
    answer.types.compactMap { $0.verdict == .unknown ? $0.reason : nil }.uniqued
      .map { reason in
        let times = answer.types.filter { $0.verdict == .unknown }.flatMap(\.unobserved)
          .filter { $0.reason == reason }
        let areUnread = !times.isEmpty && times.allSatisfy(isOfUnreadCgroup)
        let meaning =
          areUnread
          ? "the cgroup of a process was not read, or may have changed since, so its container is not known"
          : ReasonFormatter.groups(reason)
        return "\(reason.rawValue): \(meaning)."
      }
  }

  // MARK: Unobserved intervals

  /// The lines about unobserved intervals: the process or group, the duration and the reason. Equal lines of
  /// several types are merged.
  private var unobserved: [String] {
    // Entries that differ by less than the text shows share a line.
    struct Entry: Hashable {
      let whose: String
      let times: String
      let reason: UnknownReason
    }
    var order: [Entry] = []
    var types: [Entry: [String]] = [:]
    for line in answer.types where line.verdict != .never {
      for one in line.unobserved {
        let entry = Entry(whose: whose(one), times: times(one), reason: one.reason)
        if types[entry] == nil { order.append(entry) }
        if types[entry]?.last != line.type.name { types[entry, default: []].append(line.type.name) }
      }
    }
    let lines = order.prefix(mostSentences).map { entry in
      let affected = types[entry] ?? []
      let which =
        affected.count == answer.types.count ? "" : " in \(affected.joined(separator: ", "))"
      return "not known\(which): \(entry.whose), \(entry.times) (\(entry.reason.rawValue))"
    }
    let others = order.count - lines.count
    return lines + (others > 0 ? ["and \(others) more: \(rest)"] : [])
  }

  private func whose(_ one: SharedAnswer.Unobserved) -> String {
    let group = names[one.group]
    guard let process = one.process else { return group.anyone }
    return GroupName.name(process)
      + (isOfUnreadCgroup(one) ? group.unreadSuffix(process) : group.possibleSuffix(process))
  }

  /// Whether the time is one of a recorded process of which it is unknown whether it belonged to the container of the
  /// group.
  private func isOfUnreadCgroup(_ one: SharedAnswer.Unobserved) -> Bool {
    one.reason == .notRecorded && one.process != nil && names[one.group].isContainer
  }

  private func times(_ one: SharedAnswer.Unobserved) -> String {
    if isMoment { return "at that moment" }
    // A time that retention removed, and that no option bounds, has no beginning.
    if one.reason == .expired, window.since == nil, let recorded = answer.recorded {
      return "before \(show(recorded.lowerBound))"
    }
    // A time before the first or after the last sample has no length if the user gave only one end of it.
    if one.length == 0, let recorded = answer.recorded {
      if window.since == nil, one.until < recorded.lowerBound { return asked }
      if window.until == nil, one.from > recorded.upperBound { return asked }
    }
    return "for \(TimeFormat.duration(one.length)) between \(show(one.from)) and \(show(one.until))"
  }

  // MARK: Notes below the answer

  private var beside: [String] {
    var lines: [String] = []
    for (name, group) in zip(names, answer.groups) {
      if group.otherIncarnations > 0 {
        let others = RecordingFormatter.count(
          group.otherIncarnations, "other process", "other processes")
        let known = group.hasUnknownNumbers ? " whose PID inside is known" : ""
        lines.append(
          """
          PID \(group.process?.pid ?? 0) was \(others) too in that time: this is the last one\(known); \
          PID@TIME picks another, --all-incarnations takes all.
          """)
      }
      if name.text.hasPrefix("comm:") || name.text.hasPrefix("container:") {
        let all = RecordingFormatter.count(group.processes, "process", "processes")
        let containers = name.namesakes.map { ", of \($0)" } ?? ""
        lines.append("\(name.name): \(all) in that time\(containers)\(byNamespaces(group)).")
      }
    }
    for (index, name) in names.enumerated() where isAnotherMeant(index) {
      lines.append(
        "PID \(SystemText.sanitized(name.text)) may have belonged to another process in that time; PID@TIME selects one."
      )
    }
    let several = answer.inSeveralGroups
    if !several.isEmpty {
      lines.append(
        "In more than one group, and not compared with themselves: "
          + list(several.map(GroupName.name)) + ".")
    }
    let outsiders = outsiders
    let others = outsiders.count - mostSentences
    return lines + outsiders.prefix(mostSentences)
      + (others > 0 ? ["and \(others) more: \(rest)"] : [])
  }

  /// Whether an unrecorded process may have had the PID of a group, so that the verdict cannot be `never`.
  private func isAnotherMeant(_ index: Int) -> Bool {
    names[index].isNumber
      && answer.types.contains { line in
        line.verdict == .unknown
          && line.unobserved.contains { $0.group == index && $0.process == nil }
      }
  }

  /// Returns how many processes of a group belong to its container only by their namespaces.
  private func byNamespaces(_ group: SharedAnswer.Group) -> String {
    guard group.byNamespaces > 0 else { return "" }
    let which = group.processes == 1 ? "" : "\(group.byNamespaces) of them "
    let whose = group.byNamespaces == 1 ? "its" : "their"
    return ", \(which)by \(whose) namespaces, because \(whose) cgroup was not read"
  }

  /// A process of no known container, with the types of a container's own namespaces in which it was at one time.
  private struct OutsiderEntry: Hashable {
    let process: ProcessRecord
    let group: Int
    let from: WallTime
    let until: WallTime
    let earlierContainer: ContainerRecord?
  }

  /// The sentences about processes of no known container that were in a container's own namespaces. Several
  /// types with the same times share a sentence, and so do the tools of container engines.
  private var outsiders: [String] {
    var order: [OutsiderEntry] = []
    var types: [OutsiderEntry: [String]] = [:]
    for one in answer.outsiders {
      // A process changes its namespaces one after the other. Entries whose times print alike are merged.
      let entry = OutsiderEntry(
        process: one.process, group: one.group, from: Self.wholeMilliseconds(one.from),
        until: Self.wholeMilliseconds(one.until), earlierContainer: one.earlierContainer)
      if types[entry] == nil { order.append(entry) }
      types[entry, default: []].append(one.namespace.type.name)
    }
    let all = order.sorted { $0.from < $1.from }
    let tools =
      extent == .all
      ? []
      : all.filter { $0.earlierContainer == nil && EngineTools.isNameOf($0.process) }
    return all.filter { !tools.contains($0) }.map { entry in
      let all = types[entry] ?? []
      let namespace =
        names[entry.group].own(all.joined(separator: ", ")) + (all.count > 1 ? "s" : "")
      return """
        Of no known container\(entry.earlierContainer == nil ? "" : " any more"), and in \(namespace): \
        \(GroupName.name(entry.process)), \
        \(entry.earlierContainer.map { "earlier of \($0.text), " } ?? "")\
        \(show(entry.from)) to \(show(entry.until)).
        """
    } + toolsOutside(tools)
  }

  /// The sentence about processes of no known container that have the names of container engines' tools.
  private func toolsOutside(_ entries: [OutsiderEntry]) -> [String] {
    guard let from = entries.map(\.from).min(), let until = entries.map(\.until).max() else {
      return []
    }
    let count = Set(entries.map(\.process.id)).count
    let groups = entries.map { names[$0.group].name }.uniqued.joined(separator: " or ")
    let comms = entries.map(\.process.shownName).uniqued
    return [
      """
      Of no known container, and in namespaces of \(groups): \
      \(RecordingFormatter.count(count, "process", "processes")) with names of container engines' tools \
      (\(list(comms))), \(show(from)) to \(show(until)): \(rest).
      """
    ]
  }

  private func list(_ all: [String]) -> String {
    all.prefix(mostSentences).joined(separator: ", ")
      + (all.count > mostSentences ? " and \(all.count - mostSentences) more" : "")
  }

  /// Whether events prove the verdict of every type that is not unknown.
  private var isExact: Bool {
    answer.types.filter { $0.verdict != .unknown }.allSatisfy(\.isExact)
  }

  private var evidence: [String] {
    guard answer.types.contains(where: { $0.verdict != .unknown }) else { return [] }
    guard isExact else { return [EvidenceFormatter.sampled] }
    let hasUnknown = answer.types.contains { $0.verdict != .never && !$0.unobserved.isEmpty }
    return [EvidenceFormatter(caveats: caveats, zone: zone, hasUnknown: hasUnknown).exact]
  }

  private static func wholeMilliseconds(_ time: WallTime) -> WallTime {
    WallTime(nanoseconds: time.nanoseconds / 1_000_000 * 1_000_000)
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }
}
