import Platform
import Testing

@testable import Operator

@Suite struct NetworkdConfigurationTests {
  @Test(arguments: [
    ([:], ["ManageForeignRoutes", "ManageForeignRoutingPolicyRules"]),
    (["etc/networkd.conf": "[Network]\nManageForeignRoutes = no\n"], ["ManageForeignRoutingPolicyRules"]),
    // Another section, a comment.
    (
      [
        "etc/networkd.conf":
          "[DHCPv4]\nManageForeignRoutes=no\n[Network]\n#ManageForeignRoutingPolicyRules=no\n"
      ],
      ["ManageForeignRoutes", "ManageForeignRoutingPolicyRules"]
    ),
    // A drop-in counts more than the main file, the later name more than the earlier.
    (
      [
        "etc/networkd.conf": "[Network]\nManageForeignRoutes=yes\n",
        "lib/networkd.conf.d/10-a.conf":
          "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=0\n",
        "lib/networkd.conf.d/20-b.conf": "[Network]\nManageForeignRoutingPolicyRules=yes\n",
      ], ["ManageForeignRoutingPolicyRules"]
    ),
    // The administrator's file hides the distribution's of the same name.
    (
      [
        "lib/networkd.conf.d/10-a.conf":
          "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n",
        "etc/networkd.conf.d/10-a.conf": "[Network]\nManageForeignRoutes=off\n",
      ], ["ManageForeignRoutingPolicyRules"]
    ),
  ])
  func settingsCountAsSystemdReadsThem(files: [String: String], managed: [String]) throws {
    let scratch = "/tmp/operator-tests/networkd-\(files.hashValue)"
    for (name, text) in files {
      let path = "\(scratch)/\(name)"
      try Files.makeDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
      try Files.replace(path, with: Array(text.utf8))
    }
    defer { for name in files.keys { try? Files.remove("\(scratch)/\(name)") } }
    #expect(
      NetworkdConfiguration(directories: ["\(scratch)/etc", "\(scratch)/lib"]).managedForeigners == managed)
  }
}
