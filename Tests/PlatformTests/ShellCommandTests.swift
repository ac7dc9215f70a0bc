import Platform
import Testing

@Suite struct ShellCommandTests {
  static let words = [
    "", "ens5", "/run/netns/cni-1", "a b", "a;reboot;b", "$(reboot)", "`reboot`", "a'b\"c", "\\", "~", "#x",
    "*",
    "a\nb", "\u{1B}[31mred", "\u{7F}", "é", "\u{202E}abc", "\u{9B}31m", "'\u{1B}'", "a=b", "!x", "-x", "%d",
  ]

  /// The shell must see one word, byte for byte.
  @Test(arguments: words) func aValueIsOneWordForTheShell(word: String) throws {
    let command: ShellCommand = "printf '%s\\n%s' \(words: [word, "end"])"
    let outcome = try Subprocess(
      executable: "/bin/bash", environment: Environment(["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]),
      input: Array("\(command)\n".utf8), timeLimit: 30
    ).run()
    #expect(outcome.output == Array("\(word)\nend".utf8), "\(command)")
  }

  @Test(arguments: words) func nothingInACommandActsOnATerminal(word: String) {
    let command: ShellCommand = "ip link set dev \(word) up # of \(word)"
    #expect(!command.description.unicodeScalars.contains(where: ControlText.acts), "\(command)")
  }

  @Test func plainWordsStayAsTheyAre() {
    let prefix: ShellCommand = "nsenter --net=\("/run/netns/p") "
    let command: ShellCommand = "\(prefix)ip address add \("10.0.0.1/24") dev \("eth0")"
    #expect(command.description == "nsenter --net=/run/netns/p ip address add 10.0.0.1/24 dev eth0")
    let quoted: ShellCommand = "ip link set dev \("a;b'c") up"
    #expect(quoted.description == #"ip link set dev 'a;b'\''c' up"#)
  }

  @Test(arguments: [
    ("plain ü 字", "plain ü 字"), ("\u{1B}[2J", "\\x1B[2J"), ("a\r\nb\t", "a\\x0D\\x0Ab\\x09"),
    ("\u{202E}x\u{200B}", "\\u{202E}x\\u{200B}"), ("\u{9B}", "\\u{9B}"),
    ("\u{E000}", "\\u{E000}"),
  ])
  func whatActsIsShown(text: String, shown: String) { #expect(ControlText.escaped(text) == shown) }
}
