#ifndef CJSON_STRING_H
#define CJSON_STRING_H

#include <stddef.h>
#include <stdint.h>

/// The position of the quotation mark that ends a JSON string, as an offset from `text`; `length` when there is none.
///
/// Looks at many bytes at once. `text` points behind the mark that opens the string, or at any later byte of it that no
/// backslash escapes.
size_t cjson_end_of_string(const uint8_t *text, size_t length);

/// What a rule says of the names that fit it.
enum cjson_rule {
  /// The name that is exactly this is read.
  cjson_exact,
  /// Those that begin so are read.
  cjson_beginning,
  /// The first that begins so is read: whoever has read it takes the rule away.
  cjson_first,
  /// Those that begin so are passed over.
  cjson_none,
};

/// The rule that a name fits first, as an offset in `rules`; `rules_length` when it fits none, and is passed over.
///
/// Each rule is a byte of `enum cjson_rule`, a byte with the length of a text, and the text.
size_t cjson_rule_of(const uint8_t *name, size_t length, const uint8_t *rules, size_t rules_length);

/// How many bytes, from a member of an object on, are members that are passed over, with the commas between them.
///
/// Only those of the form `"name":"text"`, without white space and without a backslash in the name, as programs write
/// annotations. The bytes end behind the last of them, before the comma.
size_t cjson_pass_over(const uint8_t *text, size_t length, const uint8_t *rules, size_t rules_length);

#endif
