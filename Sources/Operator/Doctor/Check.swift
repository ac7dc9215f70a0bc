/// One thing, or a few that belong together, that a doctor looks at.
protocol Check {
  /// What is wrong, in the order in which it is told; nothing when all is well.
  static func findings(_ examination: Examination) -> [Finding]
}
