// 8-bit colours of some frames, or of a rectangle of each, through an ICC profile's table to their places in an array.
//
// OUT          uint8 or any type that holds 0 to 255
//
// colors, out  uint8 and OUT; rows, columns and samples as many elements apart as given, which may be negative
// places       (frames, 4): first element in colors, first element in out, rows, columns; rows and columns are the most
// cells        (3, 256) Cell: of each value of each channel
// nodes        (points, points, points) Node, red slowest
// output       (2^15 + 1,) OUT, from interpolated value to sRGB
//
// Equals hdgpu.pixels.tetrahedral.IccTable exactly.
#include "tetrahedral.cuh"

// Pixels of a thread, one after another: three words of four bytes.  Each takes four loads from nodes far apart.
#define RUN 4

typedef Run<uint8, 3 * RUN> StoredRun;
typedef Run<OUT, 3 * RUN> OutRun;

struct Table {
    const Cell* cells;
    const Node* nodes;
    const OUT* output;
    int32 points;

    HDGPU_INLINE void operator()(uint8 red, uint8 green, uint8 blue, OUT* out, Index apart) const {
        int32 values[3];
        interpolate(nodes, points, cells[red], cells[256 + green], cells[512 + blue], values);
#pragma unroll
        for (int channel = 0; channel < 3; ++channel) out[channel * apart] = output[values[channel]];
    }
};

extern "C" __global__ void color_table(const uint8* __restrict__ colors, OUT* __restrict__ out,
                                       const Index* __restrict__ places, const Cell* __restrict__ cells,
                                       const Node* __restrict__ nodes, const OUT* __restrict__ output, Index frames,
                                       Index rows, Index columns, Index from_row, Index from_column, Index from_sample,
                                       Index out_row, Index out_column, Index out_sample, Index points) {
    const Table table = {cells, nodes, output, static_cast<int32>(points)};
    const bool packed = from_column == 3 && from_sample == 1 && out_column == 3 && out_sample == 1;
    HDGPU_FOR(number, z, frames) {
        const Index* place = places + 4 * number;
        HDGPU_FOR(row, y, rows < place[2] ? rows : place[2]) {
            const uint8* from = colors + place[0] + row * from_row;
            OUT* to = out + place[1] + row * out_row;
            const Index last = columns < place[3] ? columns : place[3];
            HDGPU_FOR(run, x, (last + RUN - 1) / RUN) {
                const Index at = run * RUN;
                if (packed && last - at >= RUN && is_aligned<StoredRun>(from + 3 * at) && is_aligned<OutRun>(to + 3 * at)) {
                    const StoredRun in = load_run<uint8, 3 * RUN>(from + 3 * at);
                    OutRun result;
#pragma unroll
                    for (int i = 0; i < 3 * RUN; i += 3) {
                        table(in.value[i], in.value[i + 1], in.value[i + 2], result.value + i, 1);
                    }
                    store_run(to + 3 * at, result);
                    continue;
                }
                for (Index column = at; column < last && column < at + RUN; ++column) {
                    const uint8* color = from + column * from_column;
                    table(color[0], color[from_sample], color[2 * from_sample], to + column * out_column, out_sample);
                }
            }
        }
    }
}
