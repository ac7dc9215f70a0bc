import ArgumentParser
import Operator
import Platform

struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns SpiderMultusConfig documents into CNI configurations or NetworkAttachmentDefinitions.",
    discussion: """
      The document has no mode: mode l3s is written, which access from the node needs (--mode for another).

      EXAMPLES
        ipvlanctl render -f multus.yaml --as cni
        ipvlanctl render -f multus.yaml --as cni --directory /etc/cni/net.d
        ipvlanctl render -f multus.yaml --as nad | kubectl apply -f -
        envsubst < guide.yaml | ipvlanctl render -f - --as nad
      """)

  @Option(
    name: [.customShort("f"), .customLong("file")],
    help: ArgumentHelp("The documents; - is the standard input.", valueName: "file"), completion: .file())
  var file: String
  @Option(name: .customLong("as"), help: "What to write: cni or nad.")
  var form: Rendering.Form = .cni
  @Option(help: "The mode of the links: l2, l3 or l3s.")
  var mode = "l3s"
  @Option(
    help: ArgumentHelp("Write each document into a file here.", valueName: "directory"),
    completion: .directory)
  var directory: String?

  func run() throws {
    let isStandardInput = file == "-"
    let text = try isStandardInput ? Input.standard() : Input.file(file)
    let rendering = try Rendering(text, source: isStandardInput ? "stdin" : file, as: form, mode: mode)
    if let directory { try rendering.write(to: directory) }
    ProcessOutput.finish(
      output: Array((directory == nil ? rendering.text : "").utf8),
      remarks: CommandOutput.notes(rendering.remarks), status: 0)
  }
}

extension Rendering.Form: ExpressibleByArgument {}
