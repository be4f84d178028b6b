// Numbers in half precision (IEEE 754 binary16): rounded to nearest, halves to even, subnormal numbers included.
//
// Contract: equals NumPy's astype(float16) bit for bit, but for the payload of what is not a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__GNUC__) && defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define HDGPU_WITH_HALF_INSTRUCTIONS __attribute__((target("avx,f16c")))
#endif

namespace hdgpu::half {

constexpr float largest = 65504.0f;

// Also for numbers beyond the range of half precision, which become infinite.
inline std::uint16_t half_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
    bits &= 0x7FFFFFFF;
    if (bits > 0x7F800000) return sign | 0x7E00;   // not a number
    if (bits >= 0x47800000) return sign | 0x7C00;  // 65536 and more
    if (bits < 0x38800000) {                       // subnormal: an addition rounds at the right place
        float magnitude;
        std::memcpy(&magnitude, &bits, sizeof bits);
        magnitude += 0.5f;
        std::memcpy(&bits, &magnitude, sizeof bits);
        return sign | static_cast<std::uint16_t>(bits - 0x3F000000);
    }
    bits += 0xFFF + (bits >> 13 & 1);
    return sign | static_cast<std::uint16_t>((bits - 0x38000000) >> 13);
}

// Whether a number is finite, and beyond the range.
inline bool beyond(float value) {
    const float magnitude = value < 0 ? -value : value;
    return magnitude > largest && magnitude <= 3.402823466e38f;
}

template <typename In>
bool convert_plainly(const In* values, std::uint16_t* out, std::size_t count) {
    bool any_beyond = false;
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(values[i]);
        any_beyond |= beyond(value);
        out[i] = half_of(value);
    }
    return !any_beyond;
}

#if defined(HDGPU_WITH_HALF_INSTRUCTIONS)
// Whether the processor converts to half precision, and the system keeps its wide registers.
inline bool has_half_instructions() {
    constexpr unsigned osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (osxsave | avx | f16c)) != (osxsave | avx | f16c)) return false;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

template <typename In>
HDGPU_WITH_HALF_INSTRUCTIONS bool convert_with_instructions(const In* values, std::uint16_t* out, std::size_t count) {
    const __m256 magnitude_bits = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
    const __m256 bound = _mm256_set1_ps(largest), infinite = _mm256_castsi256_ps(_mm256_set1_epi32(0x7F800000));
    __m256 any_beyond = _mm256_setzero_ps();
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        alignas(32) float eight[8];
        for (std::size_t k = 0; k < 8; ++k) eight[k] = static_cast<float>(values[i + k]);
        const __m256 value = _mm256_load_ps(eight), magnitude = _mm256_and_ps(value, magnitude_bits);
        any_beyond = _mm256_or_ps(any_beyond, _mm256_and_ps(_mm256_cmp_ps(magnitude, bound, _CMP_GT_OQ),
                                                            _mm256_cmp_ps(magnitude, infinite, _CMP_LT_OQ)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
    }
    const bool fits = _mm256_movemask_ps(any_beyond) == 0;
    return convert_plainly(values + i, out + i, count - i) && fits;
}
#endif

// Return whether all values that are finite are within the range.
template <typename In>
bool convert(const In* values, std::uint16_t* out, std::size_t count) {
#if defined(HDGPU_WITH_HALF_INSTRUCTIONS)
    static const bool has_them = has_half_instructions();
    if (has_them) return convert_with_instructions(values, out, count);
#endif
    return convert_plainly(values, out, count);
}

}  // namespace hdgpu::half
