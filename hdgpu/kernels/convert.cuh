// From the type that a kernel computes in to the type that it writes, rounded once.
//
// `convert(value, out)` returns whether the value fits: integers take whole numbers within their range, float16 finite
// ones that stay finite.  What does not fit is clamped (NaN becomes 0), so that the result is defined all the same.
#pragma once

#include "common.cuh"

template <typename Integer>
struct Limits;
#define HDGPU_LIMITS(type, low, high) \
    template <>                       \
    struct Limits<type> {             \
        static constexpr double least = low, most = high; \
    };
HDGPU_LIMITS(int8, -128.0, 127.0)
HDGPU_LIMITS(uint8, 0.0, 255.0)
HDGPU_LIMITS(int16, -32768.0, 32767.0)
HDGPU_LIMITS(uint16, 0.0, 65535.0)
HDGPU_LIMITS(int32, -2147483648.0, 2147483647.0)
HDGPU_LIMITS(uint32, 0.0, 4294967295.0)
#undef HDGPU_LIMITS

template <typename Integer>
HDGPU_INLINE bool convert(double value, Integer& out) {
    double inside = value >= Limits<Integer>::least ? value : Limits<Integer>::least;
    inside = inside <= Limits<Integer>::most ? inside : Limits<Integer>::most;
    out = static_cast<Integer>(value == value ? inside : 0.0);
    return static_cast<double>(out) == value;
}

HDGPU_INLINE bool convert(double value, float64& out) {
    out = value;
    return true;
}

HDGPU_INLINE bool convert(double value, float32& out) {
    out = static_cast<float32>(value);
    return true;
}

HDGPU_INLINE bool convert(float32 value, float32& out) {
    out = value;
    return true;
}

HDGPU_INLINE uint64 bits_of(double value) {
    uint64 bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The significand, shifted right by `shift` bits and rounded, halves to even.
HDGPU_INLINE uint64 rounded_shift(uint64 significand, int shift) {
    if (shift > 54) return 0;  // less than half of the last place
    const uint64 kept = significand >> shift;
    const uint64 rest = significand & ((1ull << shift) - 1), half = 1ull << (shift - 1);
    return kept + (rest > half || (rest == half && (kept & 1)));
}

// A double as the bits of a binary float of `fraction` and `exponent` bits: float16 is (10, 5), bfloat16 (7, 8).
HDGPU_INLINE uint16 narrow_float(double value, int fraction, int exponent) {
    const uint64 bits = bits_of(value);
    const uint16 sign = static_cast<uint16>(bits >> 63 << 15);
    const int biased = static_cast<int>(bits >> 52 & 0x7FF);
    const uint64 tail = bits & 0xFFFFFFFFFFFFFull;
    const uint16 infinite = static_cast<uint16>(((1 << exponent) - 1) << fraction);
    if (biased == 0x7FF) return sign | infinite | (tail ? 1 << (fraction - 1) : 0);
    const int bias = (1 << (exponent - 1)) - 1, target = biased - 1023 + bias;
    if (biased == 0) return sign;  // denormal doubles are below every narrow one
    const uint64 significand = tail | 1ull << 52;
    const int shift = 52 - fraction;
    if (target <= 0) return sign | static_cast<uint16>(rounded_shift(significand, shift + 1 - target));
    // The leading one of the significand adds one to the exponent; rounding up may carry into it, as it should.
    const uint64 whole = (static_cast<uint64>(target - 1) << fraction) + rounded_shift(significand, shift);
    return sign | (whole < infinite ? static_cast<uint16>(whole) : infinite);
}

// The bits of a half: by an instruction where there is one, which has others for NaN.
#ifdef __CUDA_ARCH__
HDGPU_INLINE uint16 half_of(double value) {
    uint16 bits;
    asm("cvt.rn.f16.f64 %0, %1;" : "=h"(bits) : "d"(value));
    return value == value ? bits : static_cast<uint16>(bits_of(value) >> 63 << 15 | 0x7E00);
}
HDGPU_INLINE uint16 half_of(float32 value) {
    uint16 bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return value == value ? bits : half_of(static_cast<double>(value));
}
#else
HDGPU_INLINE uint16 half_of(double value) { return narrow_float(value, 10, 5); }
#endif

HDGPU_INLINE bool convert(double value, float16& out) {
    out.bits = half_of(value);
    const bool infinite = (out.bits & 0x7FFF) == 0x7C00;
    return !infinite || value - value != 0.0;  // unless it was infinite before
}
#ifdef __CUDA_ARCH__
HDGPU_INLINE bool convert(float32 value, float16& out) {
    out.bits = half_of(value);
    return (out.bits & 0x7FFF) != 0x7C00 || value - value != 0.0f;
}
#endif

// By way of float32, as it is made of a float32 array everywhere else.
HDGPU_INLINE bool convert(double value, bfloat16& out) {
    out.bits = narrow_float(static_cast<float32>(value), 7, 8);
    return true;
}
