/// Why a verb cannot do its work, and what to run next: shown to people as it is.
package struct UserError: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
