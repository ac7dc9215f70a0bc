internal import Platform

/// Prometheus' text exposition format, version 0.0.4.
package struct MetricsText {
  package private(set) var text = ""

  /// One value of a family.
  package struct Sample {
    let suffix: String
    let labels: [(name: String, value: String)]
    let value: String

    package init(
      _ labels: [(name: String, value: String)], _ value: some CustomStringConvertible, suffix: String = ""
    ) {
      self.labels = labels
      self.value = value.description
      self.suffix = suffix
    }
  }

  package init() {}

  /// Adds a family with its samples; one without samples is left out.
  package mutating func add(_ name: String, _ type: String, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
      text += "\(name)\(sample.suffix)\(labels.isEmpty ? "" : "{\(labels)}") \(sample.value)\n"
    }
  }

  /// The format has three escapes of its own; what acts upon a terminal is shown in words.
  private static func escaped(_ value: String) -> String {
    value.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      case _ where ControlText.acts(scalar): text += "\\" + ControlText.escaped(String(scalar))
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}
