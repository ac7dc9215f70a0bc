internal import Platform

/// What a program said in an earlier run, kept beside the tests.
public enum Transcript {
  /// Whether `text` is what is kept under this name in `Transcripts/` beside a test's file.
  ///
  /// A text that differs is left in $IPVLAN_TRANSCRIPTS, from where it can be taken over: scripts/test says how.
  public static func matches(_ text: String, _ name: String, beside file: String) throws -> Bool {
    let directory = file[..<(file.lastIndex(of: "/") ?? file.startIndex)]
    if ScratchFiles.read("\(directory)/Transcripts/\(name).txt") == text { return true }
    if let place = environmentVariable("IPVLAN_TRANSCRIPTS") {
      try ScratchFiles.write("\(place)/\(name).txt", text)
    }
    return false
  }
}
