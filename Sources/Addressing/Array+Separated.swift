extension [String] {
  /// As `joined(separator:)`, which works for any sequence of strings: for that the runtime looks up the types of an
  /// array of strings at the first use, which costs more than all other text of an ADD.
  func separated(by separator: String) -> String {
    var text = first ?? ""
    for part in dropFirst() {
      text += separator
      text += part
    }
    return text
  }
}
