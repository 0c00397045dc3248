/// The option `hidepid` of a proc mount, which hides processes from users who may not trace them (`proc(5)`). The
/// recorder reads it from `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).
package enum HidePID: Int64, Sendable, Hashable {
  /// Every process is shown.
  case off = 0
  /// `hidepid=1`, `noaccess`: the directories of other users' processes exist, but cannot be entered.
  case noAccess = 1
  /// `hidepid=2`, `invisible`: the directories of other users' processes do not exist.
  case invisible = 2
  /// `hidepid=4`, `ptraceable`: only the directories of processes that the reader may trace exist.
  case ptraceable = 4

  /// Reads the setting of the proc mount with this device number, such as `98:0`; nil if the mount is
  /// not in the table, or has an unknown setting.
  package init?(mountinfo: [UInt8], device: String) {
    for line in mountinfo.split(separator: 0x0A) {
      // A line looks like: 36 35 98:0 /root /mount-point rw,noatime master:1 - type source super-options
      let fields = line.split(separator: 0x20)
      guard let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }),
        dash > 5, fields.count > dash + 3,
        fields[2].elementsEqual(device.utf8), fields[dash + 1].elementsEqual("proc".utf8)
      else { continue }
      guard let option = Self.option(in: fields[dash + 3]) else { return nil }
      self = option
      return
    }
    return nil
  }

  private static func option(in options: ArraySlice<UInt8>) -> HidePID? {
    let name = "hidepid="
    for option in options.split(separator: UInt8(ascii: ","))
    where option.starts(with: name.utf8) {
      switch String(decoding: option.dropFirst(name.utf8.count), as: UTF8.self) {
      case "0", "off": return .off
      case "1", "noaccess": return .noAccess
      case "2", "invisible": return .invisible
      case "4", "ptraceable": return .ptraceable
      default: return nil
      }
    }
    return .off
  }
}
