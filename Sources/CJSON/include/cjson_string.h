#ifndef CJSON_STRING_H
#define CJSON_STRING_H

#include <stddef.h>
#include <stdint.h>

/// The position of the quotation mark that ends a JSON string, as an offset from `text`; `length` when there is none.
///
/// Looks at many bytes at once. `text` points behind the mark that opens the string, or at any later byte of it that no
/// backslash escapes.
size_t cjson_end_of_string(const uint8_t *text, size_t length);

#endif
