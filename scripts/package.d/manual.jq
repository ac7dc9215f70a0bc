# The manual page of a command line tool, from the help that Swift Argument Parser dumps as JSON.

# A line of text that roff takes as it is.
def text: gsub("\\\\"; "\\e") | gsub("-"; "\\-") | gsub("(?m)^(?<c>[.'])"; "\\&\(.c)");
def block: select(. != null and . != "") | ".nf\n\(text)\n.fi";

def spelling: if .kind == "long" then "--\(.name)" else "-\(.name)" end;
def spellings: [.names[]? | spelling] | join(", ");
def argument:
  ".TP\n.B \((if .kind == "positional" then "<\(.valueName)>" else spellings end) | text)"
  + (if .kind == "option" then " \\fI\(.valueName | text)\\fR" else "" end)
  + "\n\((.abstract // "") | text)"
  + (if .defaultValue then " Default: \(.defaultValue | text)." else "" end);
def arguments: .arguments[]? | select(.shouldDisplay != false) | argument;

def verb: ".SS \(.commandName | text)\n\((.abstract // "") | text)", (.discussion | block), arguments;

.command
| ".TH \(.commandName | ascii_upcase) 1",
  ".SH NAME\n\(.commandName) \\- \((.abstract // "") | text)",
  ".SH SYNOPSIS\n.B \(.commandName)\n.I verb\n[options]",
  (if (.discussion // "") != "" then ".SH DESCRIPTION", (.discussion | block) else empty end),
  ".SH VERBS",
  (.subcommands[]? | select(.shouldDisplay != false and .commandName != "help") | verb),
  ".SH EXIT STATUS\n0: fine. 1: something is wrong. 2: usage."
