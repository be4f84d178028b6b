// Frames of YCbCr, 8 bits a sample, to RGB with the samples of a pixel together.
//
// LAYOUT  PIXELS (Y Cb Cr), PLANES, or PAIRS of pixels that share their chroma (Y1 Y2 Cb Cr), which is repeated
// PARTIAL 1 for luma from 16 to 235 and chroma from 16 to 240, else 0
//
// data    (bytes,) uint8
// starts  (frames,) first byte of each frame in data
// out     (frames, rows, columns, 3) uint8; a row of an odd number of columns ends in half a pair
//
// Equals hdgpu.codecs.color.fused_ybr_to_rgb exactly.
#include "runs.cuh"
#include "ybr.cuh"

#define PIXELS 0
#define PLANES 1
#define PAIRS 2
// Pixels of a thread: an even number, so that pairs stay together.
#define RUN 8

typedef Run<uint8, RUN> PlaneRun;
typedef Run<uint8, 2 * RUN> PairRun;
typedef Run<uint8, 3 * RUN> ColorRun;

// A row of a frame, and how far apart its planes are.
struct Row {
    const uint8* data;
    Index plane;
    YbrMatrix matrix;

    HDGPU_INLINE bool is_aligned_at(Index column) const {
#if LAYOUT == PIXELS
        return is_aligned<ColorRun>(data + 3 * column);
#elif LAYOUT == PLANES
        return is_aligned<PlaneRun>(data + column) && plane % RUN == 0;
#else
        return is_aligned<PairRun>(data + 2 * column);
#endif
    }

    HDGPU_INLINE void convert(Index column, uint8* rgb) const {
#if LAYOUT == PIXELS
        const uint8* at = data + 3 * column;
        ybr_to_rgb(matrix, at[0], at[1], at[2], rgb);
#elif LAYOUT == PLANES
        ybr_to_rgb(matrix, data[column], data[plane + column], data[2 * plane + column], rgb);
#else
        const uint8* pair = data + (column >> 1) * 4;
        ybr_to_rgb(matrix, pair[column & 1], pair[2], pair[3], rgb);
#endif
    }

    // A whole run, aligned.
    HDGPU_INLINE ColorRun convert_run(Index column) const {
        ColorRun result;
#if LAYOUT == PIXELS
        const ColorRun in = load_run<uint8, 3 * RUN>(data + 3 * column);
#pragma unroll
        for (int i = 0; i < 3 * RUN; i += 3) {
            ybr_to_rgb(matrix, in.value[i], in.value[i + 1], in.value[i + 2], result.value + i);
        }
#elif LAYOUT == PLANES
        PlaneRun in[3];
#pragma unroll
        for (int i = 0; i < 3; ++i) in[i] = load_run<uint8, RUN>(data + i * plane + column);
#pragma unroll
        for (int i = 0; i < RUN; ++i) {
            ybr_to_rgb(matrix, in[0].value[i], in[1].value[i], in[2].value[i], result.value + 3 * i);
        }
#else
        const PairRun in = load_run<uint8, 2 * RUN>(data + 2 * column);
#pragma unroll
        for (int i = 0; i < RUN; ++i) {
            const uint8* pair = in.value + (i >> 1) * 4;
            ybr_to_rgb(matrix, pair[i & 1], pair[2], pair[3], result.value + 3 * i);
        }
#endif
        return result;
    }
};

extern "C" __global__ void ybr(const uint8* __restrict__ data, const Index* __restrict__ starts,
                               uint8* __restrict__ out, Index frames, Index rows, Index columns) {
    const Index row_bytes = LAYOUT == PLANES ? columns : LAYOUT == PAIRS ? (columns + 1) / 2 * 4 : 3 * columns;
    HDGPU_FOR(frame, z, frames) {
        HDGPU_FOR(number, y, rows) {
            const Row row = {data + starts[frame] + number * row_bytes, rows * columns, ybr_matrix(PARTIAL)};
            uint8* to = out + 3 * columns * (frame * rows + number);
            HDGPU_FOR(run, x, (columns + RUN - 1) / RUN) {
                const Index at = run * RUN;
                if (columns - at >= RUN && row.is_aligned_at(at) && is_aligned<ColorRun>(to + 3 * at)) {
                    store_run(to + 3 * at, row.convert_run(at));
                    continue;
                }
                for (Index column = at; column < columns && column < at + RUN; ++column) {
                    row.convert(column, to + 3 * column);
                }
            }
        }
    }
}
