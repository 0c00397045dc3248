package import NamespaceModel

/// A part of a history for a replica: everything that was recorded from one sequence number to another, and, in the
/// last part, everything that is open.
package struct ReplicaBatch: Sendable {
  /// A row for the replica. Each kind uses some of the columns.
  package struct Row: Sendable {
    package var kind: Kind
    package var part: Int16 = 0
    package var key: Int64 = 0
    package var from: Int64?
    package var until: Int64?
    package var began: WallTime?
    package var ended: WallTime?
    package var number: Int64?
    package var other: Int64?
    package var container: Int64?
    package var name: String?
    package var secondName: String?
    package var body = ""
  }

  /// The kinds of rows. The numbers are those that the store knows.
  package enum Kind: Int16, Sendable {
    case task = 0, openTask, run, piece, goneTask, goneNamespace, namespace, container, mark
  }

  /// The position of a replica in its history: the last sample or event that it has. The two times tell the history
  /// from one that was restored or copied and then recorded into.
  package struct Cursor: Sendable, Hashable {
    package var seq: Int64
    package var wall: WallTime
    package var boot: Int64

    package init(seq: Int64, wall: WallTime, boot: Int64) {
      self.seq = seq
      self.wall = wall
      self.boot = boot
    }
  }

  package var rows: [Row] = []
  /// The cursor after this batch.
  package var cursor: Cursor
  /// Whether the replica has everything up to the cursor after this batch, also what is open.
  package var isWhole = false
  /// Whether the batch has every namespace of the file.
  package var isFirst = false
  /// The number up to which the file has lost what was recorded before the replica had it; nil for none.
  package var missing: Int64?
  /// The watermark of the file; nil for none.
  package var watermark: Int64?
  /// JSON of what a file needs besides the rows: see `ReplicaHeader`.
  package var header: String
  /// When the first sample of the file began.
  package var begins: WallTime
  package var host: Host

  /// The machine that the newest session was recorded on.
  package struct Host: Sendable, Hashable {
    package var name: String?
    package var machine: String?
    package var program: String?
  }
}

/// Why a file cannot go on from the cursor of its replica.
package enum ReplicaMismatch: Error, Sendable, Hashable {
  /// The replica has samples that the file does not have.
  case fileIsBehind
  /// The file has another sample under the number of the cursor.
  case fileDiffers
  case isSlice
  case history(HistoryError)
}
