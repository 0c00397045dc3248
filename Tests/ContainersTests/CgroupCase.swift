// A test case: the text of a /proc/PID/cgroup, and the containers and the unit that it must give.

import Testing

@testable import Containers

struct CgroupCase: Sendable, CustomTestStringConvertible {
  let text: String
  let containers: [ContainerIdentity]
  let unit: String?

  init(_ text: String, _ containers: ContainerIdentity..., unit: String? = nil) {
    self.text = text
    self.containers = containers
    self.unit = unit
  }

  var testDescription: String { text }

  var membership: CgroupMembership { CgroupMembership(Array(text.utf8)) }
}

/// Container IDs and pod UIDs for the test cases.
enum Sample {
  static let id = String(repeating: "0123456789abcdef", count: 4)
  static let other = String(repeating: "fedcba9876543210", count: 4)
  static let uid = "2c48913c-b29f-11e7-9350-020968147796"
  static let uidInSlice = "2c48913c_b29f_11e7_9350_020968147796"
  static let hash = "83d31ee08d0c0d2f7ff93f1a8d7a1b3c"
  static let build = "5cf82fwiumld3vcs5d5l5pzyv"
}
