internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// Writes the words of a report: what was asked, the verdict, and what limits the answer.
struct ReportAuthor {
  let reader: HistoryReader
  let report: HistoryReport
  let help: EmptyResultHelp
  let window: TimeWindow
  /// The selectors as the user wrote them.
  let given: [String]
  let groups: [SharedQuestion.Group]
  let caveats: CaveatFormatter
  let zone: TimeZoneChoice
  /// The time at which the program started.
  let now: WallTime

  /// Returns the page.
  func page() throws -> ReportPage {
    let layout = ReportLayout(report)
    return ReportPage(
      title: title, facts: try facts(), notes: try notes(), verdict: try verdict(), layout,
      zone: zone)
  }

  private var title: String {
    let names = given.map(SystemText.sanitized)
    guard let last = names.last else { return "Processes in namespaces of their own" }
    let rest = names.dropLast().prefix(6)
    let more = names.count > 7 ? " and \(names.count - 7) more" : ""
    return rest.isEmpty ? "\(last)" : "\(rest.joined(separator: ", ")) and \(last)\(more)"
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }

  // MARK: Facts

  private func facts() throws -> [ReportPage.Fact] {
    var facts: [ReportPage.Fact] = []
    if let time = report.time {
      facts.append(
        .init(
          name: "Time",
          value: "\(show(time.lowerBound)) to \(show(time.upperBound)) "
            + "(\(TimeFormat.duration(time.upperBound &- time.lowerBound)))"))
    }
    if !report.hosts.isEmpty {
      facts.append(
        .init(
          name: report.hosts.count == 1 ? "Host" : "Hosts",
          value: report.hosts.joined(separator: ", ")))
    }
    if report.boots > 1 {
      facts.append(.init(name: "Boots", value: "\(report.boots): no namespace is in two of them"))
    }
    facts.append(.init(name: "Evidence", value: evidence))
    facts.append(
      .init(name: "History", value: "\(report.history), \(SystemText.sanitized(reader.path))"))
    facts.append(.init(name: "Made", value: "\(show(now)) by \(Program.nameAndVersion)"))
    return facts
  }

  private var evidence: String {
    let exact = report.evidence.contains(where: \.isExact)
    let sampled = report.evidence.contains { !$0.isExact && $0.missing == nil }
    switch (exact, sampled) {
    case (true, _):
      return EvidenceFormatter(caveats: caveats.caveats, zone: zone).exact.withoutLabel
    case (false, true): return EvidenceFormatter.sampled.withoutLabel
    case (false, false): return "none: nothing was recorded in this time"
    }
  }

  // MARK: Notes

  private func notes() throws -> [String] {
    var notes: [String] = []
    if report.time == nil {
      notes.append(
        try report.recorded.map {
          "Nothing is recorded in this time: \(recordedSpanText($0, zone))."
        }
          ?? reader.noSampleText())
    } else if report.lanes.isEmpty {
      notes.append(
        groups.isEmpty
          ? "No process was seen in a namespace that is not initial."
          : "No process that was asked for was seen in this time.")
    }
    if groups.isEmpty, report.time != nil {
      let others = report.recordedTasks - report.lanes.count - report.leftOutTasks
      notes.append(
        """
        Shown is every process that was in a namespace that is not initial; \
        \(RecordingFormatter.count(max(0, others), "other process or thread", "other processes and threads")) \
        stayed in the initial namespaces, and \(others == 1 ? "is" : "are") not shown.
        """)
    } else {
      let others = report.lanes.count { !$0.isNamed }
      if others > 0 {
        notes.append(
          "\(RecordingFormatter.count(others, "other lane is", "other lanes are")) shown because "
            + "of a namespace that one of the named processes was in too.")
      }
    }
    if report.isOfSomeProcesses {
      notes.append(
        "The history is a slice of some processes: what others did is not in it, so neither others nor changes are shown."
      )
    }
    if report.leftOutTasks > 0 {
      notes.append(
        """
        \(RecordingFormatter.count(report.leftOutTasks, "process or thread is", "processes and threads are")) \
        left out, because the page would be too large; name fewer, or a shorter time.
        """)
    }
    notes += caveats.lines
    for text in [caveats.gaps, caveats.expired, caveats.changesLeftOut] {
      if let text { notes.append(text.prefix(1).uppercased() + text.dropFirst() + ".") }
    }
    return notes
  }

  // MARK: Verdict

  /// The verdict on the named processes: that of `query same` for processes, and that of `query shared` for groups. Nil
  /// if fewer than two are named.
  private func verdict() throws -> ReportVerdict? {
    guard groups.count > 1, report.time != nil else { return nil }
    let processes = groups.compactMap { group -> ProcessSelector? in
      if case .processes(let selector) = group, selector.isOfOne { selector } else { nil }
    }
    return processes.count == groups.count ? try same(processes) : try shared()
  }

  private func same(_ asked: [ProcessSelector]) throws -> ReportVerdict? {
    let time = SameQuestion.Time.range(since: window.since, until: window.until)
    guard
      let operands = try SameOperands(reader: reader, time: time, help: help).operands(asked)
    else { return nil }
    let compared = try SameComparison(
      reader: reader, zone: zone, now: now, time: time, types: NamespaceType.allCases
    ).compare(operands, given)
    let listing = ComparisonListing(comparison: compared.comparison, zone: zone)
    let columns = listing.columns.filter { $0.formats.contains(.table) }
    let lines = compared.comparison.types
    return ReportVerdict(
      word: compared.comparison.verdict.rawValue,
      headline: Self.withoutWord(listing.header(false)[0]),
      lines: Array(listing.header(false).dropFirst()) + compared.warnings,
      columns: columns.map(\.title),
      rows: lines.map { line in
        .init(
          style: line.isSameAtTimes ? Verdict.unknown.rawValue : line.verdict.rawValue,
          cells: columns.map { $0.cell(ComparedRow(line: line)).text })
      }, notes: listing.footer.filter { !$0.isEmpty },
      // Where they were always together or never, no moment of the verdict is of more interest than another.
      start: lines.filter(\.isSameAtTimes).flatMap(\.intervals).map(\.from).min())
  }

  /// Returns a headline without the verdict, which stands before two blanks.
  private static func withoutWord(_ headline: String) -> String {
    guard let blanks = headline.firstRange(of: "  ") else { return headline }
    return String(headline[blanks.upperBound...])
  }

  private func shared() throws -> ReportVerdict? {
    let answer = try reader.shared(
      SharedQuestion(groups, in: window, types: GroupArguments.types(of: groups)))
    guard !answer.groups.contains(where: \.isTooLarge) else { return nil }
    let names = zip(given, answer.groups).map { GroupName(text: $0, group: $1) }
    let limits = CaveatFormatter(caveats: caveats.caveats + answer.caveats, zone: zone)
    let text = SharedFormatter(
      answer: answer, names: names, window: window, isMoment: false, zone: zone,
      caveats: limits.caveats, colours: false, extent: .long)
    let columns = SharedColumns(given: given).all.filter { $0.formats.contains(.table) }
    let rows = answer.types.flatMap { SharedRow.rows($0, grouped: true) }
    return ReportVerdict(
      word: answer.verdict.rawValue, headline: Self.withoutWord(text.header[0]),
      lines: Array(text.header.dropFirst()),
      columns: columns.map(\.title),
      rows: rows.map { row in
        .init(
          style: text.isUsual(row.line) ? "usual" : row.line.verdict.rawValue,
          cells: columns.map {
            $0.cell(row).text + ($0.title == "VERDICT" && text.isUsual(row.line) ? " as usual" : "")
          })
      }, notes: text.footer.filter { !$0.isEmpty },
      start: answer.types.allSatisfy({ text.isUsual($0) || $0.verdict != .shared })
        ? nil : text.deciding?.from)
  }
}

extension ProcessSelector {
  /// Whether the selector names one process or thread, and not a group.
  fileprivate var isOfOne: Bool {
    switch self {
    case .pid, .thread, .inner: true
    case .latest(let all): all.isOfOne
    case .comm, .container: false
    }
  }
}

extension String {
  /// The text without the word `Evidence:`.
  fileprivate var withoutLabel: String {
    hasPrefix("Evidence: ") ? String(dropFirst(10)) : self
  }
}
