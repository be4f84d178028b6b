// DICOM RLE (PS3.5 G), one sample per pixel: a header of sixteen little endian words, and a PackBits segment for each
// byte of the sample, the most significant one first.
//
// Contract: true only if every segment decodes to exactly one byte a pixel with no more than a byte of padding left.
// Whatever else there is, hdgpu/codecs/rle.py decides about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace hdgpu {

inline std::uint32_t little_endian_32(const unsigned char* bytes) {
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

// One packet (PS3.5 G.3.1): a run of literal bytes, or one byte repeated.  False where the segment ends within it.
inline bool unpack_packet(
    const unsigned char* in, std::size_t size, std::size_t* from, unsigned char* out, std::size_t* to) {
    if (*from + 1 >= size) {
        return false;
    }
    const unsigned code = in[*from];
    if (code < 128) {
        const std::size_t run = code + 1;
        if (*from + 1 + run > size) {
            return false;
        }
        std::memcpy(out + *to, in + *from + 1, run);
        *from += 1 + run;
        *to += run;
    } else if (code > 128) {
        const std::size_t run = 257 - code;
        std::memset(out + *to, in[*from + 1], run);
        *from += 2;
        *to += run;
    } else {
        ++*from;
    }
    return true;
}

// `out` has room for `count` bytes and `slack` more.
//
// Images come as thousands of packets of a few bytes, literal and repeated in no order that a processor could foresee.
// So the bytes of both kinds are made and one is chosen, without a branch, and the first 32 are written whatever the
// length is.
constexpr std::size_t slack = 128 + 32;

inline bool unpack_segment(const unsigned char* in, std::size_t size, unsigned char* out, std::size_t count) {
    std::size_t from = 0, to = 0;
#if defined(__SSE2__)
    while (to < count && from + slack <= size) {
        const unsigned code = in[from];
        if (code == 128) {  // means nothing
            ++from;
            continue;
        }
        const unsigned repeat = code >> 7;                                      // 1 or 0
        const std::size_t run = (code ^ (0xFFu & -repeat)) + 1 + repeat;        // 257 - code, or code + 1
        const std::size_t width = 2 + ((run - 1) & (std::size_t{repeat} - 1));  // 2, or run + 1
        const __m128i repeated = _mm_set1_epi8(static_cast<char>(in[from + 1]));
        const __m128i literal = _mm_set1_epi32(static_cast<int>(repeat) - 1);
        const auto write = [&](std::size_t at) {
            const __m128i copied = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + from + 1 + at));
            const __m128i bytes = _mm_or_si128(_mm_and_si128(literal, copied), _mm_andnot_si128(literal, repeated));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(out + to + at), bytes);
        };
        write(0);
        write(16);
        for (std::size_t at = 32; at < run; at += 16) {
            write(at);
        }
        from += width;
        to += run;
    }
#endif
    while (to < count) {
        if (!unpack_packet(in, size, &from, out, &to)) {
            return false;
        }
    }
    return to == count && size - from <= 1;
}

// `planes` has room for `bytes` planes of count + slack.
inline bool unpack_frame(
    const unsigned char* in, std::size_t size, unsigned char* planes, std::size_t count, std::size_t bytes) {
    if (size < 64 || little_endian_32(in) != bytes) {
        return false;
    }
    for (std::size_t plane = 0; plane < bytes; ++plane) {
        const std::size_t start = little_endian_32(in + 4 + 4 * plane);
        const std::size_t end = plane + 1 < bytes ? little_endian_32(in + 8 + 4 * plane) : size;
        if (start < 64 || start >= end || end > size) {
            return false;
        }
        if (!unpack_segment(in + start, end - start, planes + plane * (count + slack), count)) {
            return false;
        }
    }
    return true;
}

inline void join_planes(const unsigned char* high, const unsigned char* low, std::uint16_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::uint16_t>(high[i] << 8 | low[i]);
    }
}

}  // namespace hdgpu
