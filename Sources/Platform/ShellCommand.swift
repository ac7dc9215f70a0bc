/// A command for a person to run at a shell, in which every inserted value is one word of it, whatever it holds.
///
/// Names come from pods, which may call a link `a;reboot;b`: with a literal such as
/// `"ip link set dev \(link.name) up"` there is no way to forget the quotes.
public struct ShellCommand: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringInterpolation {
  /// The command as it is printed.
  public let description: String

  /// A command without values.
  public init(stringLiteral text: String) { description = text }

  /// A command with values.
  public init(stringInterpolation parts: StringInterpolation) { description = parts.text }

  /// Advice in words, which is no command and holds nothing that a pod has chosen.
  public init(advice: String) { description = advice }

  /// What a literal with values is made of.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    /// Begins a literal.
    public init(literalCapacity: Int, interpolationCount _: Int) { text.reserveCapacity(literalCapacity) }

    /// The literal's own words.
    public mutating func appendLiteral(_ literal: String) { text += literal }

    /// A value: one word, quoted where the shell would see more in it.
    public mutating func appendInterpolation(_ word: some CustomStringConvertible) {
      text += ShellCommand.quoted(word.description)
    }

    /// A part of the command that is one itself.
    public mutating func appendInterpolation(_ command: ShellCommand) { text += command.description }

    /// Several words.
    public mutating func appendInterpolation(words: [some CustomStringConvertible]) {
      text += words.map { ShellCommand.quoted($0.description) }.joined(separator: " ")
    }
  }

  /// Two parts, one behind the other.
  public static func + (left: ShellCommand, right: ShellCommand) -> ShellCommand {
    ShellCommand(advice: left.description + right.description)
  }

  /// A text as one word of a shell.
  ///
  /// What a terminal would act upon is written as bash(1) reads it in `$'...'`, so that a command can be shown, copied
  /// and run.
  public static func quoted(_ word: String) -> String {
    if !word.isEmpty, word.utf8.allSatisfy(isPlain) { return word }
    guard word.unicodeScalars.contains(where: ControlText.acts) else {
      return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
        + "'"
    }
    return word.unicodeScalars.reduce(into: "$'") { text, scalar in
      switch scalar {
      case "'", "\\": text += "\\\(scalar)"
      case _ where ControlText.acts(scalar):
        text += String(scalar).utf8.map { "\\x" + ControlText.hexadecimal(UInt32($0), 2) }.joined()
      default: text.unicodeScalars.append(scalar)
      }
    } + "'"
  }

  /// Letters, digits and signs that no shell gives a meaning.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
      UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: ","):
      true
    default: false
    }
  }
}

/// Characters that do something to a terminal, or to the order of what is read there, instead of being shown.
public enum ControlText {
  /// Whether a character acts: controls of ASCII and of ISO 6429, marks of direction and joining, line separators,
  /// and what Unicode gives no character.
  public static func acts(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
      return true
    default: return false
    }
  }

  /// A text of which nothing acts: `\x1B` stands for ESC.
  public static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: acts) else { return text }
    return text.unicodeScalars.reduce(into: "") { escaped, scalar in
      guard acts(scalar) else { return escaped.unicodeScalars.append(scalar) }
      escaped +=
        scalar.isASCII
        ? "\\x" + hexadecimal(scalar.value, 2)
        : "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
    }
  }

  fileprivate static func hexadecimal(_ number: UInt32, _ width: Int) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
