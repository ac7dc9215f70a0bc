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

enum { block = 64, stride = 128, prefix = 256 };

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
