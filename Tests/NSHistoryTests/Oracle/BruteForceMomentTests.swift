// Compares the processes and namespaces at a moment with the samples around it.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceMomentTests {
  @Test(
    "processes and namespaces at a moment agree with the samples around it",
    arguments: BruteForce.seeds)
  func processes(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    for time in oracle.history.interestingTimes {
      let moments = oracle.history.moments(at: time)
      let answer = try oracle.reader.processes(at: time)
      oracle.check(
        answer.samples.map { [oracle.sample($0.before), oracle.sample($0.after)] }
          == moments.map { [$0.before ?? -1, $0.after ?? -1] },
        "samples around \(time): \(answer.samples), not \(moments)")
      checkPresence(oracle, time, moments, answer.processes)
      for one in answer.processes { checkLinks(oracle, time, moments, one) }
      try checkCounts(oracle, time, moments, answer.processes)
    }
    oracle.report()
  }

  private func checkPresence(
    _ oracle: BruteForce, _ time: WallTime, _ moments: [BruteForceMoment],
    _ found: [ProcessAtMoment]
  ) {
    let history = oracle.history
    let listed = Dictionary(grouping: found) { oracle.number($0.process) }
    oracle.check(listed.values.allSatisfy { $0.count == 1 }, "at \(time): one is there twice")
    for process in history.processes.indices {
      let sides = moments.map { moment in
        (
          before: moment.before.map { history.observation(process, $0) != nil } ?? false,
          after: moment.after.map { history.observation(process, $0) != nil } ?? false
        )
      }
      let presence = listed[process]?.first?.presence
      let what = "p\(process) at \(time), between \(moments), is \(presence?.rawValue ?? "absent")"
      let isSeen = sides.contains { $0.before || $0.after }
      oracle.check(presence == nil || isSeen, "\(what), though no side saw it")
      // A PID belongs to one process at a time, so a certain successor excludes this process.
      let isSucceeded = found.contains { other in
        other.presence == .certain && oracle.number(other.process) > process
          && other.process.pid == Int64(history.processes[process].pid)
      }
      oracle.check(
        presence != nil || isSucceeded || !sides.contains { $0.before },
        "\(what), though one before saw it")
      let processStart = history.processes[process].processStart
      let isBetween = sides.allSatisfy { $0.before && $0.after }
      oracle.check(!isBetween || sides.isEmpty || presence == .certain, what)
      let startsBefore = zip(sides, moments).allSatisfy { side, moment in
        side.after && (moment.boot.map { $0 > processStart + 20_000_000 } ?? false)
      }
      oracle.check(!startsBefore || sides.isEmpty || presence != nil, what)
      oracle.check(presence != .lastSeen || moments.contains { $0.after == nil }, what)
    }
  }

  @Test(
    "a process is certain only if it ran at every moment at which the clock showed the time",
    arguments: BruteForce.seeds)
  func certainty(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    for time in history.interestingTimes {
      let moments = history.moments(at: time)
      for one in try oracle.reader.processes(at: time).processes where one.presence == .certain {
        let process = oracle.number(one.process)
        for moment in moments {
          let hadStarted = moment.boot.map { $0 > history.processes[process].processStart } ?? false
          let isBefore = moment.before.map { history.observation(process, $0) != nil } ?? false
          let isAfter = moment.after.map { history.observation(process, $0) != nil } ?? false
          oracle.check(
            isAfter && (isBefore || hadStarted && moment.before != nil),
            "p\(process) is certain at \(time), which is also \(moment)")
        }
      }
    }
    oracle.report()
  }

  private func checkLinks(
    _ oracle: BruteForce, _ time: WallTime, _ moments: [BruteForceMoment], _ one: ProcessAtMoment
  ) {
    let process = oracle.number(one.process)
    guard process >= 0 else { return oracle.check(false, "at \(time): \(one.process)") }
    for type in NamespaceType.allCases {
      let seen = moments.flatMap { moment in
        [moment.before, moment.after].map { side in
          moment.isGap ? nil : side.flatMap { oracle.history.namespace(process, $0, type.link) }
        }
      }
      let agreed = Set(seen).count == 1 ? seen[0] : nil
      let link = one.links[type]
      let isRight =
        agreed == nil
        ? link?.reason != nil : link?.reason == nil && link?.namespace?.key == agreed
      oracle.check(
        isRight, "p\(process) at \(time): \(type) is \(String(describing: link)), not \(seen)")
      let all = observations(oracle, moments, process, type)
      let mayBe = link?.namespace.map { all.contains($0.key) } ?? !all.contains { $0 != nil }
      oracle.check(mayBe, "p\(process) at \(time): \(type) is \(String(describing: link))")
    }
  }

  /// Returns the namespaces of a process in the samples around the moments that show the process.
  private func observations(
    _ oracle: BruteForce, _ moments: [BruteForceMoment], _ process: Int, _ type: NamespaceType
  ) -> [BruteForce.Key?] {
    observations(oracle, moments, process, type.link)
  }

  private func observations(
    _ oracle: BruteForce, _ moments: [BruteForceMoment], _ process: Int, _ link: NamespaceLink
  ) -> [BruteForce.Key?] {
    moments.flatMap(\.sides).filter { oracle.history.observation(process, $0) != nil }.map {
      oracle.history.namespace(process, $0, link)
    }
  }

  /// For each namespace, counts the processes whose children go into it and that were never in it themselves.
  private func parents(
    _ oracle: BruteForce, _ moments: [BruteForceMoment], _ found: [ProcessAtMoment]
  ) -> [BruteForce.Key: Int] {
    var parents: [BruteForce.Key: Int] = [:]
    for one in found {
      let process = oracle.number(one.process)
      for type in [NamespaceType.pid, .time] {
        let own = Set(observations(oracle, moments, process, type))
        for key in Set(observations(oracle, moments, process, type.linkForChildren)) {
          if let key, !own.contains(key) { parents[key, default: 0] += 1 }
        }
      }
    }
    return parents
  }

  private func checkCounts(
    _ oracle: BruteForce, _ time: WallTime, _ moments: [BruteForceMoment],
    _ found: [ProcessAtMoment]
  ) throws {
    var sure: [BruteForce.Key: [Int]] = [:]
    var all: [BruteForce.Key: [Int]] = [:]
    for one in found {
      let process = oracle.number(one.process)
      for (type, link) in one.links {
        guard let key = link.namespace?.key else { continue }
        for one in [key] + link.others.map(\.key) { all[one, default: []].append(process) }
        // In a gap, and before and after all samples, a namespace counts if the samples on all sides agree on it.
        let isAgreed =
          link.reason == .gap && Set(observations(oracle, moments, process, type)).count == 1
          && observations(oracle, moments, process, type).count == moments.flatMap(\.sides).count
          && [.certain, .lastSeen, .firstSeen].contains(one.presence)
        if link.reason == nil || isAgreed { sure[key, default: []].append(process) }
      }
    }
    let parents = parents(oracle, moments, found)
    let listed = Set(all.keys).union(parents.keys)
    let namespaces = try oracle.reader.namespaces(at: time).namespaces
    oracle.check(
      Set(namespaces.map(\.namespace.key)) == listed && namespaces.count == listed.count,
      "namespaces at \(time): \(namespaces.map(\.namespace.key)), not \(listed)")
    for namespace in namespaces {
      let key = namespace.namespace.key
      let counted = sure[key] ?? []
      let unsure = (all[key]?.count ?? 0) - counted.count
      oracle.check(
        namespace.processes == counted.count && namespace.unsure == unsure,
        "\(key) at \(time): \(namespace.processes) and \(namespace.unsure), not \(counted)")
      oracle.check(
        namespace.parents + namespace.unsureParents == parents[key] ?? 0,
        "\(key) at \(time): where children of \(parents[key] ?? 0) go")
      let lowest = (counted.isEmpty ? all[key] ?? [] : counted)
        .min { oracle.history.processes[$0].pid < oracle.history.processes[$1].pid }
      oracle.check(
        namespace.lowest?.pid == lowest.map { Int64(oracle.history.processes[$0].pid) },
        "\(key) at \(time): the lowest is \(oracle.number(namespace.lowest))")
    }
  }
}
