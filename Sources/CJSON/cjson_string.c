#include "cjson_string.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
// The C library asked the processor at its start: it is not asked twice, since a virtual machine makes that slow.
#include <immintrin.h>
#include <sys/platform/x86.h>
#define HAS_AVX2 CPU_FEATURE_ACTIVE(AVX2)
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif
#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif

enum { few = 16, block = 64, stride = 128, prefix = 256 };

#if defined(HAS_AVX2)
/// How many bytes, a multiple of 128, have neither the end of the string nor two backslashes in a row. The byte before them is
/// no backslash that escapes the first.
///
/// Of text like that a byte ends the string when it is a quotation mark, and the byte before is no backslash. One comparison
/// finds both kinds: behind a backslash it looks for another one, elsewhere for a quotation mark.
__attribute__((target("avx2"))) static size_t without_end(const uint8_t *text, size_t length) {
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
  size_t position = 0;
  for (; position + stride <= length; position += stride) {
    __m256i found = _mm256_setzero_si256();
    for (int part = 0; part < stride; part += 32) {
      const uint8_t *const bytes = text + position + part;
      const __m256i escapes = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(bytes - 1)), backslash);
      const __m256i wanted = _mm256_blendv_epi8(quote, backslash, escapes);
      found = _mm256_or_si256(found, _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)bytes), wanted));
    }
    if (!_mm256_testz_si256(found, found)) break;
  }
  return position;
}
#endif

/// Which of 64 bytes are `byte`, the first in the lowest bit.
static inline uint64_t mask_of(const uint8_t *text, uint8_t byte) {
  uint64_t mask = 0;
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8((char)byte);
  for (int part = 0; part < 4; part++) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(text + part * 16));
    mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << (part * 16);
  }
#elif defined(__ARM_NEON)
  // Each byte's bit in its place, then neighbours are added up until eight bytes are one.
  static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t wanted = vdupq_n_u8(byte), bits = vld1q_u8(places);
  uint8x16_t found[4];
  for (int part = 0; part < 4; part++) found[part] = vandq_u8(vceqq_u8(vld1q_u8(text + part * 16), wanted), bits);
  const uint8x16_t sum = vpaddq_u8(vpaddq_u8(found[0], found[1]), vpaddq_u8(found[2], found[3]));
  mask = vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
#else
  for (int place = 0; place < block; place++) mask |= (uint64_t)(text[place] == byte) << place;
#endif
  return mask;
}

/// Which bytes a backslash escapes, of a block with these backslashes.
///
/// A run of backslashes escapes every second byte from its second on, the one behind it too where its length is odd. A
/// subtraction carries through each run and tells even from odd ("Parsing Gigabytes of JSON per Second", Langdale and
/// Lemire, section 3.1.1).
///
/// - carry: whether the first byte is escaped by the block before; on return, the same of the next block.
static inline uint64_t escaped(uint64_t backslashes, uint64_t *carry) {
  const uint64_t odd = 0xAAAAAAAAAAAAAAAA;
  if (backslashes == 0) {
    const uint64_t first = *carry;
    *carry = 0;
    return first;
  }
  const uint64_t starts = backslashes & ~*carry;
  const uint64_t codes = (((starts << 1) | odd) - starts) ^ odd;
  const uint64_t result = codes ^ (backslashes | *carry);
  *carry = (codes & backslashes) >> 63;
  return result;
}

/// The quotation mark of a block that ends the string, as a bit; 0 when there is none.
static inline uint64_t end_in(const uint8_t *text, uint64_t *carry) {
  return mask_of(text, '"') & ~escaped(mask_of(text, '\\'), carry);
}

size_t cjson_end_of_string(const uint8_t *text, size_t length) {
  // Most strings are short and have no backslash: the C library's search is faster than blocks.
  const size_t near = length < prefix ? length : prefix;
  const uint8_t *const quote = memchr(text, '"', near);
  const uint8_t *const backslash = memchr(text, '\\', quote != NULL ? (size_t)(quote - text) : near);
  if (backslash == NULL && quote != NULL) return (size_t)(quote - text);

  uint64_t carry = 0;
  size_t position = backslash != NULL ? (size_t)(backslash - text) : near;
#if defined(HAS_AVX2)
  const bool has_avx2 = HAS_AVX2;
  // Where backslashes stand in rows, as in JSON in JSON in JSON, blocks are looked at one by one for a while.
  unsigned rows = 0;
#endif
  while (position + block <= length) {
#if defined(HAS_AVX2)
    // A backslash before the position is escaped itself, or escapes what follows.
    if (rows > 0) {
      rows--;
    } else if (has_avx2 && position > 0 && text[position - 1] != '\\') {
      const size_t count = without_end(text + position, length - position);
      if (count == 0) rows = 8;
      position += count;
      carry = text[position - 1] == '\\';
      if (position + block > length) break;
    }
#endif
    const uint64_t end = end_in(text + position, &carry);
    if (end != 0) return position + (size_t)__builtin_ctzll(end);
    position += block;
  }
  uint8_t rest[block] = {0};
  memcpy(rest, text + position, length - position);
  const uint64_t end = end_in(rest, &carry);
  return end != 0 ? position + (size_t)__builtin_ctzll(end) : length;
}

/// The position of the first quotation mark or backslash among 16 bytes; 16 when there is none.
static inline size_t first_of_few(const uint8_t *text) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128((const __m128i *)text);
  const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(found) | 1u << few);
#elif defined(__ARM_NEON)
  const uint8x16_t bytes = vld1q_u8(text);
  const uint8x16_t found = vorrq_u8(vceqq_u8(bytes, vdupq_n_u8('"')), vceqq_u8(bytes, vdupq_n_u8('\\')));
  // Four bits of each byte are left.
  const uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(found), 4)), 0);
  return mask != 0 ? (size_t)__builtin_ctzll(mask) / 4 : few;
#else
  size_t position = 0;
  while (position < few && text[position] != '"' && text[position] != '\\') position++;
  return position;
#endif
}

/// The end of a string that has no backslash and ends among its first bytes, `most` about; else the length.
static inline size_t end_of_plain(const uint8_t *text, size_t length, size_t most) {
  for (size_t position = 0; position + few <= length && position < most; position += few) {
    const size_t first = first_of_few(text + position);
    if (first < few) return text[position + first] == '"' ? position + first : length;
  }
  return length;
}

/// As `cjson_end_of_string`, and fast for a string of a few bytes.
static inline size_t end_of_short(const uint8_t *text, size_t length) {
  const size_t plain = end_of_plain(text, length, block);
  if (plain < length) return plain;
  if (length >= block) {
    uint64_t carry = 0;
    const uint64_t end = end_in(text, &carry);
    if (end != 0) return (size_t)__builtin_ctzll(end);
  }
  return cjson_end_of_string(text, length);
}

size_t cjson_rule_of(const uint8_t *name, size_t length, const uint8_t *rules, size_t rules_length) {
  size_t rule = 0;
  for (; rule < rules_length; rule += 2 + (size_t)rules[rule + 1]) {
    const uint8_t *const text = rules + rule + 2;
    const size_t wanted = rules[rule + 1];
    if (rules[rule] == cjson_exact ? length != wanted : length < wanted) continue;
    // Names of one owner begin alike, and end in different bytes.
    if (wanted == 0 || (name[wanted - 1] == text[wanted - 1] && memcmp(name, text, wanted) == 0)) break;
  }
  return rule;
}

/// The first bytes of the names that rules say something of, each as the bit of its last six.
static uint64_t first_bytes(const uint8_t *rules, size_t rules_length) {
  uint64_t bytes = 0;
  for (size_t rule = 0; rule < rules_length; rule += 2 + (size_t)rules[rule + 1]) {
    bytes |= rules[rule + 1] == 0 ? UINT64_MAX : UINT64_C(1) << (rules[rule + 2] & 63);
  }
  return bytes;
}

/// Whether a member of that name is read. `known` is of `first_bytes`.
static inline bool is_read(
    const uint8_t *name, size_t length, uint64_t known, const uint8_t *rules, size_t rules_length) {
  if ((known >> (name[0] & 63) & 1) == 0) return false;
  const size_t rule = cjson_rule_of(name, length, rules, rules_length);
  return rule < rules_length && rules[rule] != cjson_none;
}

/// The length of a member that is passed over; 0 when it is read or has another form.
static size_t unread_member(
    const uint8_t *text, size_t length, uint64_t known, const uint8_t *rules, size_t rules_length) {
  // The shortest is `"":""`.
  if (length < 5) return 0;
  const uint8_t *const name = text + 1;
  const size_t rest = length - 1;
  const size_t name_length = end_of_plain(name, rest, rest);
  if (name_length + 4 > rest || name[name_length + 1] != ':' || name[name_length + 2] != '"') return 0;
  if (is_read(name, name_length, known, rules, rules_length)) return 0;
  const uint8_t *const value = name + name_length + 3;
  const size_t value_rest = rest - name_length - 3;
  const size_t value_length = end_of_short(value, value_rest);
  return value_length < value_rest ? name_length + value_length + 5 : 0;
}

size_t cjson_pass_over(const uint8_t *text, size_t length, const uint8_t *rules, size_t rules_length) {
  const uint64_t known = first_bytes(rules, rules_length);
  // Behind the last member that was passed over, and where the next one starts.
  size_t end = 0, next = 0;
  while (next < length && text[next] == '"') {
    const uint8_t *const window = text + next;
    const size_t before = next;
    // One look at 64 bytes does for all short members in them.
    uint64_t marks = 0, backslashes = 0;
    if (length - next >= block + 2) {
      uint64_t carry = 0;
      backslashes = mask_of(window, '\\');
      marks = mask_of(window, '"') & ~escaped(backslashes, &carry);
    }
    while (marks != 0) {
      const uint64_t behind_first = marks & (marks - 1), behind_name = behind_first & (behind_first - 1);
      const uint64_t behind_colon = behind_name & (behind_name - 1);
      if (behind_colon == 0) break;
      const size_t name_end = (size_t)__builtin_ctzll(behind_first), value_end = (size_t)__builtin_ctzll(behind_colon);
      const size_t name = next + 1 - before;
      if (memcmp(window + name_end, "\":\"", 3) != 0) break;
      if (backslashes != 0 && (backslashes & (UINT64_C(1) << name_end) - (UINT64_C(1) << name)) != 0) break;
      if (is_read(window + name, name_end - name, known, rules, rules_length)) return end;
      end = before + value_end + 1;
      if (memcmp(text + end, ",\"", 2) != 0) return end;
      next = end + 1;
      marks = behind_colon & (behind_colon - 1);
    }
    if (next > before) continue;
    const size_t member = unread_member(window, length - next, known, rules, rules_length);
    if (member == 0) break;
    end = next + member;
    if (end + 2 > length || memcmp(text + end, ",\"", 2) != 0) break;
    next = end + 1;
  }
  return end;
}
