// Stored values to output values: output = stored * slope + intercept.
//
// Contract: equals hdgpu/pixels/run.py bit for bit. float64 rounds product and sum; float32 is the float64 result
// rounded once, for which float32 arithmetic serves where the caller knows that every step is exact in it.
// Compiled with -ffp-contract=off, so that no step is fused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace hdgpu {

struct Affine {
    double slope;
    double intercept;
    bool identity;  // slope 1, intercept 0: a cast
    bool exact;     // float32 arithmetic is exact
};

template <typename In, typename Out>
inline Out value_of(In stored, const Affine& affine) {
    if constexpr (std::is_same_v<In, Out>) {
        return stored;
    } else {
        return static_cast<Out>(static_cast<double>(stored) * affine.slope + affine.intercept);
    }
}

// Whether all values lie in [low, high]: unused bits of the container may hold something else.
template <typename In>
bool all_within(const In* stored, std::size_t count, std::int64_t low, std::int64_t high) {
    In least = stored[0], largest = stored[0];
    for (std::size_t i = 0; i < count; ++i) {
        least = stored[i] < least ? stored[i] : least;
        largest = stored[i] > largest ? stored[i] : largest;
    }
    return least >= low && largest <= high;
}

#if defined(__SSE2__)
// Eight stored values as two vectors of float32.
inline void widen(const std::uint16_t* stored, __m128* low, __m128* high) {
    const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(stored));
    *low = _mm_cvtepi32_ps(_mm_unpacklo_epi16(values, _mm_setzero_si128()));
    *high = _mm_cvtepi32_ps(_mm_unpackhi_epi16(values, _mm_setzero_si128()));
}

inline void widen(const std::int16_t* stored, __m128* low, __m128* high) {
    const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(stored));
    *low = _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16(values, values), 16));
    *high = _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpackhi_epi16(values, values), 16));
}

inline void widen(const std::uint8_t* stored, __m128* low, __m128* high) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(stored));
    const __m128i values = _mm_unpacklo_epi8(bytes, _mm_setzero_si128());
    *low = _mm_cvtepi32_ps(_mm_unpacklo_epi16(values, _mm_setzero_si128()));
    *high = _mm_cvtepi32_ps(_mm_unpackhi_epi16(values, _mm_setzero_si128()));
}

inline void widen(const std::int8_t* stored, __m128* low, __m128* high) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(stored));
    const __m128i values = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
    *low = _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16(values, values), 16));
    *high = _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpackhi_epi16(values, values), 16));
}

// Writes past the cache: a volume does not fit into it, and what is written so need not be read first.
template <typename In>
void stream_float32(const In* stored, float* out, std::size_t count, const Affine& affine) {
    const float slope = static_cast<float>(affine.slope), intercept = static_cast<float>(affine.intercept);
    const auto one = [&](In value) {
        return affine.identity ? static_cast<float>(value) : static_cast<float>(value) * slope + intercept;
    };
    std::size_t i = 0;
    for (; i < count && reinterpret_cast<std::uintptr_t>(out + i) % 16 != 0; ++i) {
        out[i] = one(stored[i]);
    }
    const __m128 slopes = _mm_set1_ps(slope), intercepts = _mm_set1_ps(intercept);
    for (; i + 8 <= count; i += 8) {
        __m128 low, high;
        widen(stored + i, &low, &high);
        if (!affine.identity) {
            low = _mm_add_ps(_mm_mul_ps(low, slopes), intercepts);
            high = _mm_add_ps(_mm_mul_ps(high, slopes), intercepts);
        }
        _mm_stream_ps(out + i, low);
        _mm_stream_ps(out + i + 4, high);
    }
    for (; i < count; ++i) {
        out[i] = one(stored[i]);
    }
    _mm_sfence();
}
#endif

template <typename In, typename Out>
void convert(const In* stored, Out* out, std::size_t count, const Affine& affine, bool stream) {
    if constexpr (std::is_same_v<In, Out>) {
        std::memcpy(out, stored, count * sizeof(In));
        return;
    }
#if defined(__SSE2__)
    if constexpr (std::is_same_v<Out, float>) {
        if (stream && (affine.identity || affine.exact)) {
            stream_float32(stored, out, count, affine);
            return;
        }
    }
#endif
    (void)stream;
    if (affine.identity) {
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = static_cast<Out>(stored[i]);
        }
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = value_of<In, Out>(stored[i], affine);
    }
}

}  // namespace hdgpu
