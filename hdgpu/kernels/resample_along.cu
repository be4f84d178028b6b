// A volume on a grid each axis of which follows one axis of the source, by tables of what each index is made of.
//
// SOURCE   uint8, int8, uint16, int16, uint32, int32, float32, float64
// OUT      those
// WORKING  float32 or float64, to compute in; or all three are one type of 1, 2, 4 or 8 bytes, with one tap each
// TAPS0, TAPS1, TAPS2  1, 2 (linear) or 4 (cubic; of coefficients, and SOURCE is WORKING) for each axis
// PLACE    int32 where no voxel of the source lies 2^31 elements or more from the first, else int64
//
// source   voxels as many elements apart along each axis as given, which may be negative; axes in the target's order
// out      (planes, rows, columns, channels), contiguous; all of it is written
// fill     value outside of the source, as its bits
// index    for each axis (taps, count), one after another: indices into the source
// weights  likewise: nothing for 1 tap, (1, count) for 2, the second's, and (4, count) for 4
// begin, count  for each axis, which indices of the target lie inside the source
//
// Equals hdgpu.volume.resampling.reference.resample_along bit for bit.  Denormal float32 counts as zero.
#include "interpolation.cuh"

// One index of the target along an axis: places in the source, and their weights.
template <int TAPS>
struct Taps {
    static constexpr int WEIGHTS = TAPS == 4 ? 4 : TAPS - 1;
    Place place[TAPS];
    WORKING weight[TAPS];

    HDGPU_INLINE Taps(const int32* index, const WORKING* weights, Index count, Index at, Index stride) {
#pragma unroll
        for (int tap = 0; tap < TAPS; ++tap) place[tap] = index[tap * count + at] * static_cast<Place>(stride);
#pragma unroll
        for (int tap = 0; tap < WEIGHTS; ++tap) weight[tap] = weights[tap * count + at];
    }

    template <typename ValueAt>
    HDGPU_INLINE WORKING operator()(ValueAt value_at) const {
        if constexpr (TAPS == 1) {
            return value_at(place[0]);
        } else if constexpr (TAPS == 2) {
            return between<SOURCE>(value_at(place[0]), value_at(place[1]), weight[0]);
        } else {
            return weighted_sum(weight, [&](int tap) { return value_at(place[tap]); });
        }
    }
};

// Along axis 2 first, then 1, then 0.
HDGPU_INLINE WORKING combined(const SOURCE* source, const Taps<TAPS0>& planes, const Taps<TAPS1>& rows,
                              const Taps<TAPS2>& columns) {
    return planes([&](Place plane) {
        return rows([&](Place row) {
            return columns([&](Place column) { return static_cast<WORKING>(source[plane + row + column]); });
        });
    });
}

extern "C" __global__ void __launch_bounds__(256, TAPS0 * TAPS1 * TAPS2 > 8 ? 2 : 4)
    resample_along(const SOURCE* __restrict__ source, OUT* __restrict__ out, Index fill, const int32* __restrict__ index,
                   const WORKING* __restrict__ weights, Index channels, Index stride0, Index stride1, Index stride2,
                   Index channel_stride, Index planes, Index rows, Index columns, Index begin0, Index count0,
                   Index begin1, Index count1, Index begin2, Index count2) {
    const OUT outside = value_of_bits<OUT>(fill);
    const int32 *index1 = index + TAPS0 * count0, *index2 = index1 + TAPS1 * count1;
    const WORKING *weights1 = weights + Taps<TAPS0>::WEIGHTS * count0, *weights2 = weights1 + Taps<TAPS1>::WEIGHTS * count1;
    HDGPU_FOR(i, z, planes) HDGPU_FOR(j, y, rows) {
        OUT* line = out + (i * rows + j) * columns * channels;
        const Index plane = i - begin0, row = j - begin1;
        if (!(plane >= 0 && plane < count0 && row >= 0 && row < count1)) {
            HDGPU_FOR(each, x, columns * channels) line[each] = outside;
            continue;
        }
        const Taps<TAPS0> across(index, weights, count0, plane, stride0);
        const Taps<TAPS1> down(index1, weights1, count1, row, stride1);
        HDGPU_FOR(k, x, columns) {
            OUT* voxel = line + k * channels;
            const Index column = k - begin2;
            if (!(column >= 0 && column < count2)) {
                for (Index channel = 0; channel < channels; ++channel) voxel[channel] = outside;
                continue;
            }
            const Taps<TAPS2> along(index2, weights2, count2, column, stride2);
            for (Index channel = 0; channel < channels; ++channel) {
                round_to(combined(source + channel * channel_stride, across, down, along), voxel[channel]);
            }
        }
    }
}
