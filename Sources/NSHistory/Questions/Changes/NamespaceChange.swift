package import NamespaceModel

/// Something that happened to namespaces, at an event or between two samples: a process came into some
/// or left them, or a namespace lost its last process.
package struct NamespaceChange: Sendable, Hashable {
  /// What happened.
  package let kind: Kind
  /// When the last sample before it began, in nanoseconds since the epoch; nil when there is none.
  /// Where an event reported when it happened, that, as `by`.
  package let after: Int64?
  /// When the first sample after it began; nil when there is none.
  package let by: Int64?
  /// How long after the one the other began, in nanoseconds, whatever the wall clock did; nil where
  /// that is not known.
  package let within: Int64?
  /// Why samples are missing in between; nil when none is.
  package let missing: MissingSamples?
  /// Whether an event reported when it happened, to the microsecond.
  package let isExact: Bool
  /// The process; nil where a namespace lost its last one.
  package let process: ProcessRecord?
  /// The parent of a process that started; nil where it is not known.
  package let parent: ProcessRecord?
  /// What changed, link by link.
  package let parts: [Part]
  /// What pins the namespace, or did; nil where the change is none of pins.
  package let pin: PinRecord?
  /// Who had been in the namespaces that it joined; nil where that cannot be reported.
  package let joined: ProcessRecord?
  /// Whether the process had been in all the namespaces that it joined, but initial ones, and certainly nobody else.
  let comesToItsOwn: Bool

  /// What happened. The raw value is the word in every output.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A process or a thread changed its namespaces: unshare(2) or setns(2).
    case moved
    /// A thread that had been elsewhere changed its namespaces, and is in all that its process is in.
    case returned
    /// A process started.
    case started
    /// A process exited.
    case exited
    /// A process was seen for the first time, after time without samples; or a thread that was there
    /// before, when its process moved without it.
    case firstSeen = "first-seen"
    /// A process was seen for the last time, before time without samples.
    case lastSeen = "last-seen"
    /// A process became a zombie: it, or its main thread, exited (`proc_pid_stat(5)`).
    case zombie
    /// A process that was a zombie goes on where it had been, because a thread of it that outlived the main one
    /// executed a program (`execve(2)`).
    case resumed
    /// A namespace lost its last process, zombies not counted. A mount, a file, a socket or a thread of
    /// a zombie may keep it.
    case lastExit = "last-exit"
    /// A scan was the first to find that a mount, a file or a socket keeps a namespace.
    case pinned
    /// A scan was the first to find that none does any more.
    case unpinned
    /// The same, of a namespace that no process was in: it is no more.
    case gone
  }

  /// What changed in one link.
  package struct Part: Sendable, Hashable {
    /// The link.
    package let link: NamespaceLink
    /// Where it led before: for a process that started, where its parent's children go. Nil if that
    /// is not known.
    package let from: NamespaceRecord?
    /// Where it leads now; nil where it leads nowhere any more.
    package let to: NamespaceRecord?
    /// How.
    package let how: How
  }

  /// How a link changed. The raw value is the word in every output.
  package enum How: String, Sendable, Hashable, CaseIterable {
    /// Into a namespace that was not known before.
    case new
    /// Into one that was there.
    case joined
    /// Into one that has the inode number of one that was there: that one, or a new one that got the
    /// number. The kernel gave no id that tells.
    case joinedOrNew = "joined-or-new"
    /// Into the one that the parent's children go to, or its own: execve(2) after unshare(CLONE_NEWTIME).
    case inherited
    /// Seen in it; how it came there is not known.
    case found
    /// Out of one, by exiting or as it became a zombie.
    case left
    /// In the one that it had been in before it became a zombie.
    case kept
    /// The namespace has no process any more.
    case lastExit = "last-exit"
    /// The namespace is kept by a mount, a file or a socket.
    case pinned
    /// It is not any more.
    case unpinned

    /// Whether it may lead into a namespace that was there.
    var mayBeJoined: Bool { self == .joined || self == .joinedOrNew }
  }

  /// What someone who looks for an intrusion looks for. The raw value is the word in every output.
  package enum Mark: String, Sendable, Hashable, CaseIterable {
    /// A process came into namespaces that others had: nsenter(1), exec into a container.
    case joined
    /// A process came from a namespace that was not an initial one into an initial one.
    case toInitial = "to-initial"
    /// A namespace was not known before.
    case created
  }

  /// The marks it carries.
  package var marks: [Mark] {
    var marks: [Mark] = []
    // A process that goes on where one of its threads was, by exec, comes to nobody else; nor does one that comes
    // back to what it made, and where nobody is.
    let isOwn =
      joined == nil
      ? comesToItsOwn : joined?.pid == process?.pid && joined?.boot == process?.boot
    if !isOwn, parts.contains(where: { $0.how.mayBeJoined && $0.to?.isInitial != true }) {
      marks.append(.joined)
    }
    let isEscape = parts.contains {
      $0.how == .joined && $0.to?.isInitial == true && $0.from?.isInitial == false
    }
    if isEscape { marks.append(.toInitial) }
    if parts.contains(where: { $0.how == .new }) { marks.append(.created) }
    return marks
  }
}
