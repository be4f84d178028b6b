// A volume on a rotated grid: nearest, linear or cubic interpolation.
//
// SOURCE   uint8, int8, uint16, int16, uint32, int32, float32, float64
// OUT      those; for NEAREST any element of 1, 2, 4 or 8 bytes: SOURCE, OUT and WORKING are the same
// WORKING  float32 or float64, to compute in; for CUBIC also SOURCE, which then holds coefficients
// ORDER    NEAREST, LINEAR or CUBIC
// PLACE    int32 where no voxel of the source lies 2^31 elements or more from the first, else int64
//
// source   (size0, size1, size2, channels), as many elements apart as given, which may be negative; no axis is empty, or
//          of 2^30 voxels
// out      (planes, rows, columns, channels), contiguous; all of it is written
// fill     value outside of the source, as its bits
// offset, step  the voxel of the target at (i, j, k) is at offset_a + step_a0 * i + step_a1 * j + step_a2 * k along axis
//          a of the source, in voxels
//
// Equals hdgpu.volume.resampling.reference.resample_across bit for bit.  Denormal float32 counts as zero.
#include "interpolation.cuh"

#define NEAREST 0
#define LINEAR 1
#define CUBIC 3

#if ORDER == NEAREST
typedef NearestStencil<SOURCE, WORKING> Stencil;
#elif ORDER == LINEAR
typedef LinearStencil<SOURCE, WORKING> Stencil;
#else
typedef CubicStencil<SOURCE, WORKING> Stencil;
#endif

// So many registers that 64 voxels may be on their way at once, and still as many threads as hide the others' waiting.
extern "C" __global__ void __launch_bounds__(256, ORDER == CUBIC ? 2 : 4)
    resample_across(const SOURCE* __restrict__ source, OUT* __restrict__ out, Index fill, Index size0, Index size1,
                    Index size2, Index channels, Index stride0, Index stride1, Index stride2, Index channel_stride,
                    Index planes, Index rows, Index columns, float64 offset0, float64 offset1, float64 offset2,
                    float64 step00, float64 step01, float64 step02, float64 step10, float64 step11, float64 step12,
                    float64 step20, float64 step21, float64 step22) {
    const Axis axes[3] = {{static_cast<int32>(size0), static_cast<Place>(stride0)},
                          {static_cast<int32>(size1), static_cast<Place>(stride1)},
                          {static_cast<int32>(size2), static_cast<Place>(stride2)}};
    const OUT outside = value_of_bits<OUT>(fill);
    HDGPU_FOR(i, z, planes) HDGPU_FOR(j, y, rows) {
        const float64 plane = static_cast<float64>(i), row = static_cast<float64>(j);
        const float64 base0 = (offset0 + step00 * plane) + step01 * row;
        const float64 base1 = (offset1 + step10 * plane) + step11 * row;
        const float64 base2 = (offset2 + step20 * plane) + step21 * row;
        OUT* line = out + (i * rows + j) * columns * channels;
        HDGPU_FOR(k, x, columns) {
            const float64 column = static_cast<float64>(k);
            const Coordinate at[3] = {snapped(base0 + step02 * column), snapped(base1 + step12 * column),
                                      snapped(base2 + step22 * column)};
            OUT* voxel = line + k * channels;
            if (!(axes[0].holds(at[0]) && axes[1].holds(at[1]) && axes[2].holds(at[2]))) {
                for (Index channel = 0; channel < channels; ++channel) voxel[channel] = outside;
                continue;
            }
            const Stencil stencil(axes, at);
            for (Index channel = 0; channel < channels; ++channel) {
                round_to(stencil(source + channel * channel_stride), voxel[channel]);
            }
        }
    }
}
