// DICOM RLE (PS3.5 G), one sample per pixel: a header of sixteen little endian words, and a PackBits segment for each
// byte of the sample, the most significant one first.
//
// Contract: true only if every segment decodes to exactly one byte a pixel with no more than a byte of padding left.
// Whatever else there is, hdgpu/codecs/rle.py decides about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hdgpu {

inline std::uint32_t little_endian_32(const unsigned char* bytes) {
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

// `out` has room for `count` bytes and 128 more, so that short runs are copied without looking at their length.
inline bool unpack_segment(const unsigned char* in, std::size_t size, unsigned char* out, std::size_t count) {
    std::size_t from = 0, to = 0;
    while (to < count) {
        if (from + 1 >= size) {
            return false;
        }
        const unsigned code = in[from];
        if (code < 128) {
            const std::size_t run = code + 1;
            if (from + 1 + run > size) {
                return false;
            }
            if (run <= 16 && from + 17 <= size) {
                std::memcpy(out + to, in + from + 1, 16);
            } else {
                std::memcpy(out + to, in + from + 1, run);
            }
            from += 1 + run;
            to += run;
        } else if (code > 128) {
            const std::size_t run = 257 - code;
            std::memset(out + to, in[from + 1], run <= 16 ? 16 : run);
            from += 2;
            to += run;
        } else {
            ++from;
        }
    }
    return to == count && size - from <= 1;
}

// `planes` has room for `bytes` planes of count + 128.
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
        if (!unpack_segment(in + start, end - start, planes + plane * (count + 128), count)) {
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
