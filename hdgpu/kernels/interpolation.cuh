// Between voxels: places, weights, sums and rounding of hdgpu/volume/resampling/reference.py, step by step as there.
#pragma once

#include "convert.cuh"

// How far from its first voxel one of the source lies, in elements; with 32 bits where that is enough.
typedef PLACE Place;

// --- Places -----------------------------------------------------------------------------------------------------------

// A coordinate x that is snapped, and the same as 0.5 * halves + rest with a rest from -0.25 to 0.25, exactly.  `halves`
// is right where |x| < 2^30.
struct Coordinate {
    float64 x, rest;
    int32 halves;
};

HDGPU_INLINE Coordinate snapped(float64 x) {
    const float64 magic = 6755399441055744.0;  // 1.5 * 2^52: a sum with it is rounded to an integer, in its low bits
    const float64 sum = (x + x) + magic;
    const float64 half = (sum - magic) * 0.5, rest = x - half;
    const bool near = fabs(rest) <= 1e-6;
    return {near ? half : x, near ? 0.0 : rest, static_cast<int32>(bits_of(sum))};
}

// The whole part of a coordinate, and the fraction above it.
struct Whole {
    int32 index;
    float64 fraction;
};

// Without rounding functions, which are slow in double precision: x is below a whole number where its rest is below 0.
HDGPU_INLINE Whole floor_of(int32 halves, float64 rest) {
    const bool odd = halves & 1, below = !odd && rest < 0.0;
    return {(halves >> 1) - below, rest + (odd ? 0.5 : below ? 1.0 : 0.0)};
}

// An axis of the source, of fewer than 2^30 voxels.
struct Axis {
    int32 size;
    Place stride;

    HDGPU_INLINE bool holds(const Coordinate& at) const {
        return at.x >= -0.5 && at.x <= static_cast<float64>(size) - 0.5;
    }

    // -2 to size + 1, reflected at the outermost voxels, as a place.
    HDGPU_INLINE Place mirrored(int32 index) const {
        const int32 last = size - 1;
        int32 at = index < 0 ? -index : index;
        at = at > last ? 2 * last - at : at;
        at = at < 0 ? -at : at;  // an axis of two voxels is passed twice
        return (at < last ? at : last) * stride;
    }
};

// --- Sums -------------------------------------------------------------------------------------------------------------

// A weight of zero leaves its voxel out, whatever that is: infinity times zero is not zero.
template <typename Source, typename Value>
HDGPU_INLINE Value between(Value first, Value second, Value weight) {
    const Value value = first + weight * (second - first);
    const bool always_finite = static_cast<Source>(0.5) == 0;  // an integer
    return always_finite || weight > 0 ? value : first;
}

// The weights of the coefficients at -1, 0, 1 and 2 for places between 0 and 1.
template <typename Value>
HDGPU_INLINE void cubic_weights(Value t, Value* weights) {
    const Value sixth = static_cast<Value>(1.0 / 6.0), two_thirds = static_cast<Value>(2.0 / 3.0);
    const Value half = static_cast<Value>(0.5), one = 1, two = 2;
    const Value u = one - t, tt = t * t, uu = u * u;
    weights[0] = (uu * u) * sixth;
    weights[1] = two_thirds - (half * tt) * (two - t);
    weights[2] = two_thirds - (half * uu) * (one + t);
    weights[3] = (tt * t) * sixth;
}

template <typename Value, typename ValueAt>
HDGPU_INLINE Value weighted_sum(const Value* weights, ValueAt value_at) {
    Value total = weights[0] * value_at(0);
#pragma unroll
    for (int tap = 1; tap < 4; ++tap) total = total + weights[tap] * value_at(tap);
    return total;
}

// --- What of the source a place is made of: `(channel)` is the value, given the first voxel of the channel --------------

template <typename Source, typename Value>
struct NearestStencil {
    Place place;

    HDGPU_INLINE NearestStencil(const Axis* axes, const Coordinate* at) : place(0) {
#pragma unroll
        for (int axis = 0; axis < 3; ++axis) {
            const int32 index = floor_of(at[axis].halves + 1, at[axis].rest).index, last = axes[axis].size - 1;
            place += (index < last ? index : last) * axes[axis].stride;
        }
    }

    HDGPU_INLINE Value operator()(const Source* channel) const { return channel[place]; }
};

template <typename Source, typename Value>
struct LinearStencil {
    Place place, next[3];
    Value weight[3];

    // The outer half of the outermost voxels has their value.
    HDGPU_INLINE LinearStencil(const Axis* axes, const Coordinate* at) : place(0) {
#pragma unroll
        for (int axis = 0; axis < 3; ++axis) {
            const Whole whole = floor_of(at[axis].halves, at[axis].rest);
            const int32 last = axes[axis].size - 1;
            const bool within = whole.index >= 0 && whole.index < last;
            weight[axis] = within ? static_cast<Value>(whole.fraction) : 0;
            next[axis] = weight[axis] > 0 ? axes[axis].stride : 0;
            place += (within ? whole.index : whole.index < 0 ? 0 : last) * axes[axis].stride;
        }
    }

    HDGPU_INLINE Value on_line(const Source* at) const {
        return between<Source>(static_cast<Value>(*at), static_cast<Value>(at[next[2]]), weight[2]);
    }
    HDGPU_INLINE Value in_plane(const Source* at) const {
        return between<Source>(on_line(at), on_line(at + next[1]), weight[1]);
    }
    HDGPU_INLINE Value operator()(const Source* channel) const {
        return between<Source>(in_plane(channel + place), in_plane(channel + place + next[0]), weight[0]);
    }
};

// Of coefficients; along axis 0 first.
template <typename Source, typename Value>
struct CubicStencil {
    Place taps[3][4];
    Value weights[3][4];

    HDGPU_INLINE CubicStencil(const Axis* axes, const Coordinate* at) {
#pragma unroll
        for (int axis = 0; axis < 3; ++axis) {
            const Whole whole = floor_of(at[axis].halves, at[axis].rest);
            cubic_weights(static_cast<Value>(whole.fraction), weights[axis]);
#pragma unroll
            for (int tap = 0; tap < 4; ++tap) taps[axis][tap] = axes[axis].mirrored(whole.index + tap - 1);
        }
    }

    HDGPU_INLINE Value operator()(const Source* channel) const {
        return weighted_sum(weights[2], [&](int along) {
            return weighted_sum(weights[1], [&](int down) {
                const Source* line = channel + taps[1][down] + taps[2][along];
                return weighted_sum(weights[0], [&](int across) { return line[taps[0][across]]; });
            });
        });
    }
};

// --- To the type of the target ----------------------------------------------------------------------------------------

template <typename Value>
HDGPU_INLINE void round_to(Value value, Value& out) {
    out = value;
}

HDGPU_INLINE void round_to(float64 value, float32& out) { out = static_cast<float32>(value); }

// Halves to even, and within the range.
template <typename Value, typename Integer>
HDGPU_INLINE void round_to(Value value, Integer& out) {
    const Value least = static_cast<Value>(Limits<Integer>::least), most = static_cast<Value>(Limits<Integer>::most);
    Value inside = value >= least ? value : least;
    inside = inside <= most ? inside : most;
    out = static_cast<Integer>(value == value ? rint(inside) : Value(0));
}

// The value outside of the source, whose bits come first in an Index.
template <typename Value>
HDGPU_INLINE Value value_of_bits(Index bits) {
    Value value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
