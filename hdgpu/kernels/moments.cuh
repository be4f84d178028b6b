// Minimum, maximum, mean and sum of squared deviations of some values, and of two such lots together.
//
// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.  Equal
// values have a sum of squares of exactly 0.
#pragma once

#include "common.cuh"

struct Moments {
    float64 count, mean, squares, least, most;  // least and most are NaN if a value is
};

// --- Values of any type as numbers that can be compared ---------------------------------------------------------------

template <typename Value>
HDGPU_INLINE Value number_of(Value value) {
    return value;
}

HDGPU_INLINE float32 float_of_bits(uint32 bits) {
    float32 value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

HDGPU_INLINE float32 number_of(bfloat16 value) { return float_of_bits(static_cast<uint32>(value.bits) << 16); }

HDGPU_INLINE float32 number_of(float16 value) {
    const uint32 sign = static_cast<uint32>(value.bits & 0x8000) << 16, exponent = value.bits >> 10 & 31;
    const uint32 fraction = static_cast<uint32>(value.bits & 0x3FF);
    if (exponent == 31) return float_of_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent == 0) return static_cast<float32>(fraction) * (sign ? -0x1p-24f : 0x1p-24f);
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

// --- Moments ----------------------------------------------------------------------------------------------------------

// The moments of up to RUN values, by their differences from the first.
template <int RUN, typename Value>
HDGPU_INLINE Moments moments_of(const Value* values, int count) {
    const float64 first = static_cast<float64>(values[0]);
    Value least = values[0], most = values[0];
    float64 sum = 0, squares = 0;
#pragma unroll
    for (int i = 1; i < RUN; ++i) {
        if (i >= count) break;
        const float64 difference = static_cast<float64>(values[i]) - first;
        sum += difference;
        squares += difference * difference;
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    const float64 inverse = 1.0 / count, rest = squares - sum * sum * inverse;
    Moments moments = {static_cast<float64>(count), first + sum * inverse, (rest < 0 ? 0 : rest) + (first - first),
                       static_cast<float64>(least), static_cast<float64>(most)};
    if (sum - sum == 0 && first - first == 0) return moments;
    for (int i = 0; i < count; ++i) {  // not finite: is it NaN?
        if (values[i] != values[i]) moments.least = moments.most = static_cast<float64>(values[i]);
    }
    return moments;
}

HDGPU_INLINE float64 least_of(float64 a, float64 b) { return b < a || b != b ? b : a; }
HDGPU_INLINE float64 most_of(float64 a, float64 b) { return b > a || b != b ? b : a; }

HDGPU_INLINE Moments together(const Moments& a, const Moments& b) {
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    const float64 count = a.count + b.count, part = b.count / count, difference = b.mean - a.mean;
    return {count, a.mean + difference * part, a.squares + b.squares + difference * difference * a.count * part,
            least_of(a.least, b.least), most_of(a.most, b.most)};
}

// The mean is infinite if values are, and NaN only if a value is, or infinities are of both signs.
HDGPU_INLINE float64 mean_of(const Moments& moments) {
    const bool low = moments.least < 0 && moments.least - moments.least != 0;
    const bool high = moments.most > 0 && moments.most - moments.most != 0;
    return low != high ? (low ? moments.least : moments.most) : moments.mean;
}
