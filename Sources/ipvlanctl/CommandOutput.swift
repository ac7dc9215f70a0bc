import ArgumentParser
import Operator
import Platform

/// How the process ends.
enum CommandOutput {
  /// After an error: help that was asked for is no error, a call that cannot be understood is status 2.
  static func finish(_ error: any Error) -> Never {
    if let refusal = error as? UserError {
      ProcessOutput.finish(
        output: [], remarks: ScreenText.paragraphs("ipvlanctl: \(refusal)\n").rendered, status: 1)
    }
    let status = IPVLANControl.exitCode(for: error)
    let text = ScreenText.paragraphs(IPVLANControl.fullMessage(for: error)).rendered
    if status == .success {
      ProcessOutput.finish(output: Array("\(text)\n".utf8), remarks: "", status: 0)
    }
    let isUsage = status == .validationFailure
    ProcessOutput.finish(
      output: [], remarks: text.isEmpty ? "" : "\(text)\n", status: isUsage ? 2 : 1)
  }

  /// Remarks as the standard error shows them.
  static func notes(_ remarks: [String]) -> String { ScreenText.lines(remarks, prefix: "note: ").rendered }

  /// After a report.
  ///
  /// Not declared `Never`: Swift 6.3.1 then drops this call at call sites that pass `status`.
  static func show(_ report: some Report, as format: OutputFormat, status: Int32 = 0) {
    let output =
      switch format {
      case .table: Array(report.text(for: .standardOutput()).rendered.utf8)
      case .json: report.json.serialized(indented: true) + [0x0A]
      }
    ProcessOutput.finish(
      output: output, remarks: notes(report.remarks), status: status)
  }
}

/// How a listing is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table
  case json
}
