internal import NamespaceModel
internal import Glibc
internal import NSHistory

/// Checks the state of the history file, and whether a recorder is writing to it.
struct FileCheckup {
  let path: String
  /// Whether every page of a large file is to be read.
  let isFull: Bool
  let zone: TimeZoneChoice
  let messages: Messages

  /// A file up to this size is always read in full.
  private static let small: Int64 = 256 << 20

  func all() -> [Checkup] {
    do {
      let reader = try HistoryReader(path: path)
      messages.watch(reader)
      // Doctor looks at a file that a recorder need not have.
      let recorder = try StatusCheckup(reader.status(), path: path, zone: zone).recorder
      return try [health(reader), recorder.state == .broken ? recorder.degraded : recorder, room()]
    } catch {
      guard error.kind != .missing else { return [missing, room()] }
      return [
        Checkup(
          what: "history", state: .broken, found: "\(path): \(error.reason)", advice: error.remedy)
      ]
    }
  }

  private var missing: Checkup {
    if let refusal = refusalOfPath {
      return Checkup(
        what: "history", state: .degraded, found: "\(path) is not there",
        advice: "no recorder could make it (\(refusal)); name another place with --db")
    }
    return Checkup(
      what: "history", state: .degraded, found: "\(path) is not there",
      advice: "of the past nothing can be asked; start a recorder: nshist record --db \(path)")
  }

  /// Why no file can be created at the path: the error of its directory, or of the nearest existing
  /// ancestor.
  private var refusalOfPath: String? {
    var folder = self.folder
    while access(folder, F_OK) != 0, folder != "/", folder != ".",
      let slash = folder.lastIndex(of: "/")
    { folder = slash == folder.startIndex ? "/" : String(folder[..<slash]) }
    guard access(folder, W_OK | X_OK) != 0 else { return nil }
    return "\(folder): \(String(cString: strerror(errno)))"
  }

  private var folder: String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  private func health(_ reader: HistoryReader) throws(HistoryError) -> Checkup {
    var found = "\(path), \(megabytes(reader.size))"
    if let span = try reader.recordedSpan() {
      found += ", from \(show(span.lowerBound)) to \(show(span.upperBound))"
    } else {
      found += ", with no sample yet"
    }
    guard isFull || reader.size <= Self.small else {
      return Checkup(
        what: "history", state: .fine, found: "\(found); --full reads every page of it")
    }
    let faults = try reader.faults()
    guard faults.isEmpty else {
      return Checkup(
        what: "history", state: .broken, found: "\(found): \(faults.joined(separator: "; "))",
        advice: "keep a copy, then save what is readable: sqlite3 \(path) .recover")
    }
    if try reader.isCopiedWhileOpen() {
      let log =
        reader.hasWriteAheadLog
        ? "" : ", and no -wal file is beside it: what was recorded last may be missing"
      return Checkup(
        what: "history", state: .degraded,
        found: "\(found), every page is sound; it was copied while a recorder had it\(log)",
        advice: """
          how that recording ended is not known here; copy with sqlite3 \(path) '.backup COPY', \
          which takes the -wal file along
          """)
    }
    let kept = try reader.caveats(in: TimeWindow()).compactMap { caveat -> ShortLived? in
      if case .shortLivedLeftOut(let kept) = caveat.kind { kept } else { nil }
    }
    if let kept = kept.last {
      return Checkup(
        what: "history", state: .degraded,
        found: """
          \(found), every page is sound; short-lived processes were left out (record --short-lived \
          \(kept.rawValue))
          """,
        advice:
          "nothing is known of a process that no sample observed; record with --short-lived all")
    }
    return Checkup(what: "history", state: .fine, found: "\(found), every page is sound")
  }

  private func room() -> Checkup {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else {
      return Checkup(
        what: "disk", state: .degraded, found: "\(folder): \(String(cString: strerror(errno)))",
        advice: "a recorder makes the folder of a default path, and no other")
    }
    let (product, isMore) = Int64(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int64(clamping: status.f_frsize))
    let free = isMore ? Int64.max : product
    let found = "\(megabytes(free)) free in \(folder)"
    guard free < 64 << 20 else { return Checkup(what: "disk", state: .fine, found: found) }
    return Checkup(
      what: "disk", state: .degraded, found: found,
      advice: "samples that cannot be written become a gap: make room")
  }

  private func megabytes(_ bytes: Int64) -> String {
    bytes < 10 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }
}
