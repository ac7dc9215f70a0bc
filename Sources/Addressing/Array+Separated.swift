extension [String] {
  /// `joined(separator:)` without its generics: their first use makes the Swift runtime search type metadata, which costs
  /// more than all other string work of an ADD.
  func separated(by separator: String) -> String {
    var text = first ?? ""
    for part in dropFirst() {
      text += separator
      text += part
    }
    return text
  }
}
