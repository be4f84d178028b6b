// The coefficients of the interpolating cubic B-spline along one axis, in the place of the values.
//
// WORKING  float32 or float64
// TILED    0: a thread takes a line, and lines that follow one another in memory are neighbours; for long `inner`
//          1: a block takes 128 lines, and passes along them with a tile of 32 values of each in shared memory
//
// values   (outer, size, inner), contiguous; size is at least 2
// start    (count,) weights of the first values of a line in the first value of the recursion; at most 32 and `size`
//
// For TILED, blocks of 128 threads along x.
// Equals hdgpu.volume.resampling.spline.filter_along bit for bit.  Denormal float32 counts as zero.
#include "common.cuh"

#define POLE static_cast<WORKING>(-0.26794919243112270647)  // sqrt(3) - 2
#define GAIN static_cast<WORKING>(-6.0 * -0.26794919243112270647)
#define LAST \
    static_cast<WORKING>(6.0 * -0.26794919243112270647 / (-0.26794919243112270647 * -0.26794919243112270647 - 1.0))

#if TILED

#define LINES 128
#define WIDE 32

// Values of the block's lines from `first` on; a column more than there are values, so that no two lines share a bank.
struct Tile {
    WORKING value[LINES][WIDE + 1];
    Index place[LINES];  // of the first value of each line
};

// Between memory and the tile: neighbouring threads take neighbouring values of a line.
HDGPU_INLINE void load(Tile& tile, const WORKING* values, Index lines, Index first, Index wide, Index inner) {
    for (Index at = threadIdx.x; at < LINES * WIDE; at += LINES) {
        const Index line = at / WIDE, column = at % WIDE;
        if (line < lines && column < wide) {
            tile.value[line][column] = values[tile.place[line] + (first + column) * inner];
        }
    }
    __syncthreads();
}

HDGPU_INLINE void store(const Tile& tile, WORKING* values, Index lines, Index first, Index wide, Index inner) {
    __syncthreads();
    for (Index at = threadIdx.x; at < LINES * WIDE; at += LINES) {
        const Index line = at / WIDE, column = at % WIDE;
        if (line < lines && column < wide) {
            values[tile.place[line] + (first + column) * inner] = tile.value[line][column];
        }
    }
    __syncthreads();
}

// The value before the first, and with it all of them; returns the last.
HDGPU_INLINE WORKING forwards(WORKING* line, Index wide, Index begin, WORKING before) {
    for (Index k = begin; k < wide; ++k) {
        before = line[k] + POLE * before;
        line[k] = before;
    }
    return before;
}

HDGPU_INLINE WORKING first_value(const WORKING* line, const WORKING* start, Index count) {
    WORKING sum = start[0] * line[0];
    for (Index k = 1; k < count && k < WIDE; ++k) sum = sum + start[k] * line[k];
    return sum;
}

extern "C" __global__ void spline_filter(WORKING* values, const WORKING* __restrict__ start, Index count, Index outer,
                                         Index size, Index inner) {
    __shared__ Tile tile;
    const Index all = outer * inner, number = threadIdx.x, tiles = (size + WIDE - 1) / WIDE;
    for (Index group = blockIdx.x; group * LINES < all; group += gridDim.x) {
        const Index mine = group * LINES + number, lines = all - group * LINES < LINES ? all - group * LINES : LINES;
        tile.place[number] = mine / inner * size * inner + mine % inner;
        __syncthreads();
        WORKING* line = tile.value[number];
        WORKING carried = 0, before_last = 0;
        for (Index at = 0; at < tiles; ++at) {
            const Index first = at * WIDE, wide = size - first < WIDE ? size - first : WIDE;
            load(tile, values, lines, first, wide, inner);
            if (number < lines) {
                if (at == 0) carried = line[0] = first_value(line, start, count);
                if (wide == 1) before_last = carried;
                carried = forwards(line, wide, at == 0, carried);
                if (wide > 1) before_last = line[wide - 2];
            }
            store(tile, values, lines, first, wide, inner);
        }
        for (Index at = tiles - 1; at >= 0; --at) {
            const Index first = at * WIDE, wide = size - first < WIDE ? size - first : WIDE;
            load(tile, values, lines, first, wide, inner);
            if (number < lines) {
                Index k = wide - 1;
                if (at == tiles - 1) {
                    carried = line[k] = LAST * (line[k] + POLE * before_last);
                    --k;
                }
                for (; k >= 0; --k) carried = line[k] = POLE * carried + GAIN * line[k];
            }
            store(tile, values, lines, first, wide, inner);
        }
    }
}

#else

// Values that are fetched together, for each step of a recursion waits for the one before.
#define AHEAD 8

HDGPU_INLINE void filter_line(WORKING* line, Index size, Index step, const WORKING* start, Index count) {
    WORKING carried = start[0] * line[0];
    for (Index k = 1; k < count; ++k) carried = carried + start[k] * line[k * step];
    line[0] = carried;
    WORKING fetched[AHEAD], before_last = 0;
    for (Index first = 1; first < size; first += AHEAD) {
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) fetched[k] = first + k < size ? line[(first + k) * step] : 0;
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            if (first + k >= size) break;
            before_last = carried;
            carried = fetched[k] + POLE * carried;
            line[(first + k) * step] = carried;
        }
    }
    carried = LAST * (carried + POLE * before_last);
    line[(size - 1) * step] = carried;
    for (Index last = size - 2; last >= 0; last -= AHEAD) {
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) fetched[k] = k <= last ? line[(last - k) * step] : 0;
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            if (k > last) break;
            carried = POLE * carried + GAIN * fetched[k];
            line[(last - k) * step] = carried;
        }
    }
}

extern "C" __global__ void spline_filter(WORKING* values, const WORKING* __restrict__ start, Index count, Index outer,
                                         Index size, Index inner) {
    HDGPU_FOR(each, y, outer) HDGPU_FOR(at, x, inner) {
        filter_line(values + each * size * inner + at, size, inner, start, count);
    }
}

#endif
