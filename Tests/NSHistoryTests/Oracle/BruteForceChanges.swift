// The expected changes, computed from the samples one by one.

import NSHistory
import NamespaceModel

/// An expected change.
struct BruteForceChange: Hashable {
  typealias Key = RandomHistory.Key

  /// The index of the process; -1 for the end of a namespace.
  var process = -1
  /// The first sample that shows the change.
  let sample: Int
  var kind: NamespaceChange.Kind
  /// The changed links, without the links for children.
  var parts: Set<Part>

  struct Part: Hashable {
    let type: NamespaceType
    let from: Key?
    let to: Key?
  }
}

extension RandomHistory {
  /// Whether any sample before the given one shows a namespace.
  func knew(_ key: Key, before sample: Int) -> Bool {
    samples[..<sample].contains { sample in
      sample.values.contains { $0.links.contains { $0.key == key } }
    }
  }

  /// Whether several processes, none of them another's child, are in a namespace in the first sample that shows it.
  func hasSeveralFirst(_ key: Key, at sample: Int) -> Bool {
    let members = Set(samples[sample].values.filter { $0[key.type.link].key == key }.map(\.process))
    let children = members.filter { member in
      let facts = processes[member]
      return samples[facts.first][facts.parentPID].map { members.contains($0.process) } ?? false
    }
    return members.count - children.count > 1
  }

  /// Returns how a process came into a namespace in which a sample shows it first.
  func how(_ key: Key, at sample: Int) -> LinkChange.How {
    if key.isInitial || knew(key, before: sample) { return .joined }
    return hasSeveralFirst(key, at: sample) ? .joinedOrNew : .new
  }

  /// Returns the last sample before the given one that read a link of a process.
  func lastRead(_ process: Int, _ link: NamespaceLink, before sample: Int) -> Int? {
    observedSamples(process).last {
      $0 < sample
        && (namespace(process, $0, link) != nil
          || observation(process, $0)?[link] == .unread(.pending))
    }
  }

  /// Whether a process is now in the namespace into which its children were to go before, while it was in another one
  /// itself and no process was there.
  func followsItsChildren(
    _ process: Int, _ link: NamespaceLink, _ key: Key, at sample: Int
  ) -> Bool {
    let children = link.type.linkForChildren
    guard children != link, !key.isInitial,
      let last = observedSamples(process).last(where: { $0 < sample }),
      let own = namespace(process, last, link)
    else { return false }
    let isEmpty = !samples[sample - 1].values.contains { $0[link].key == key }
    return own != key && namespace(process, last, children) == key && isEmpty
  }

  /// The expected moves: links that differ from their last read value.
  ///
  /// - Parameter isDirect: whether the last value has to be from the sample directly before.
  func moves(isDirect: Bool) -> Set<BruteForceChange> {
    var moves: Set<BruteForceChange> = []
    for process in processes.indices {
      var last: [NamespaceType: Key] = [:]
      for sample in observedSamples(process) {
        var parts: Set<BruteForceChange.Part> = []
        for type in NamespaceType.allCases {
          guard let now = namespace(process, sample, type.link) else {
            if isDirect { last[type] = nil }
            continue
          }
          let isFirst = sample == processes[process].first
          if let old = last[type], old != now {
            parts.insert(.init(type: type, from: old, to: now))
          } else if last[type] == nil, !isDirect, !isFirst, !now.isInitial,
            !knew(now, before: sample)
          {
            parts.insert(.init(type: type, from: nil, to: now))
          }
          last[type] = now
        }
        if !parts.isEmpty {
          moves.insert(.init(process: process, sample: sample, kind: .moved, parts: parts))
        }
      }
    }
    return moves
  }

  /// The processes that started in another namespace than the one their parent's children go into.
  ///
  /// - Parameter isSure: whether to leave out processes whose parent may have moved around their start.
  func startsElsewhere(isSure: Bool) -> Set<BruteForceChange> {
    var starts: Set<BruteForceChange> = []
    for (process, facts) in processes.enumerated() where facts.first > 0 {
      var parts: Set<BruteForceChange.Part> = []
      let parent = samples[facts.first][facts.parentPID]
      for type in NamespaceType.allCases {
        guard let now = namespace(process, facts.first, type.link) else { continue }
        let old = parent.flatMap { $0[type.linkForChildren].key }
        let before = parent.flatMap { namespace($0.process, facts.first - 1, type.linkForChildren) }
        let mayHaveMoved = parent?.process != process && (before != old || old == nil)
        if isSure, mayHaveMoved { continue }
        // The process may have started before its parent moved.
        if now == before { continue }
        // Of a parent that is new itself, the earlier namespaces are not known.
        let isKnown = parent.map { observation($0.process, facts.first - 1) != nil } ?? false
        if let old, old != now, isKnown || !knew(now, before: facts.first) && !now.isInitial {
          parts.insert(.init(type: type, from: old, to: now))
        } else if old == nil, !now.isInitial, !knew(now, before: facts.first) {
          parts.insert(.init(type: type, from: nil, to: now))
        }
      }
      if !parts.isEmpty {
        starts.insert(
          .init(
            process: process, sample: facts.first,
            kind: isCutOff(facts.first) ? .firstSeen : .started, parts: parts))
      }
    }
    return starts
  }

  /// The namespaces whose last process left for good, with the first sample without one.
  func ends() -> [Key: Int] {
    var ends: [Key: Int] = [:]
    for key in namespaces where !key.isInitial {
      let inhabited = samples.indices.filter { sample in
        samples[sample].values.contains { $0[key.type.link].key == key }
      }
      if let last = inhabited.last, last + 1 < count { ends[key] = last + 1 }
    }
    return ends
  }

  /// Whether a process that was last read in a namespace cannot be read in the sample after the given one, so that it
  /// may still be in the namespace.
  func mayLiveOn(_ key: Key, after sample: Int) -> Bool {
    samples[sample + 1].values.contains { observation in
      guard observation[key.type.link] == .unread(.denied),
        let read = lastRead(observation.process, key.type.link, before: sample + 1)
      else { return false }
      return namespace(observation.process, read, key.type.link) == key
    }
  }
}
