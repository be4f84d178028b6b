// Stored values of some frames, or of a rectangle of each, through a palette to RGB at their places in an array.
//
// STORED    uint8, int8, uint16, int16
// OUT       uint8, int8, uint16, int16, uint32, int32, float32, float64, float16 or bfloat16
// CHECK     2 to note values that may not be mapped, else 0
//
// stored, out  rows, columns and, of out, samples as many elements apart as given, which may be negative
// places       (frames, 4): first element in stored, first element in out, rows, columns; rows and columns are the most
// parameters   (frames,) FrameParameters, of which table, least and most count
// tables       (tables, entries, 4) OUT: red, green, blue and one that is not used, so that a colour is one load; the
//              place in it is a value's bits, read as unsigned, and one beyond the entries is the last one
// flags        (frames,) int32, zero before: 2 where a value may not be mapped
//
// Equals hdgpu.pixels.transform.PixelTransform.table exactly.
#include "pixel_value.cuh"
#include "runs.cuh"

// Pixels of a thread, one after another: sixteen bytes of what are mostly 8-bit stored values.
#define RUN 16

typedef Run<STORED, RUN> StoredRun;
typedef Run<OUT, RUN> PlaneRun;
typedef Run<OUT, 3 * RUN> ColorRun;
typedef Run<OUT, 4> Color;

struct Palette {
    const Color* colors;
    Index last_entry;
    float64 least, most;
    int32 flags;

    HDGPU_INLINE Color operator()(STORED stored) {
        if ((CHECK & 2) && !(stored >= least && stored <= most)) flags |= 2;
        const Index at = table_index(stored);
        return colors[at < last_entry ? at : last_entry];
    }
};

// A whole run, aligned in stored: to colours one after another, to three planes, or anywhere.
HDGPU_INLINE void look_up_run(Palette& palette, const STORED* stored, OUT* out, Index out_column, Index out_sample) {
    const StoredRun in = load_run<STORED, RUN>(stored);
    if (out_column == 3 && out_sample == 1 && is_aligned<ColorRun>(out)) {
        ColorRun result;
#pragma unroll
        for (int i = 0; i < RUN; ++i) {
            const Color color = palette(in.value[i]);
#pragma unroll
            for (int sample = 0; sample < 3; ++sample) result.value[3 * i + sample] = color.value[sample];
        }
        store_run(out, result);
        return;
    }
    const bool planes = out_column == 1 && is_aligned<PlaneRun>(out) && is_aligned<PlaneRun>(out + out_sample) &&
                        is_aligned<PlaneRun>(out + 2 * out_sample);
    PlaneRun result[3];
#pragma unroll
    for (int i = 0; i < RUN; ++i) {
        const Color color = palette(in.value[i]);
#pragma unroll
        for (int sample = 0; sample < 3; ++sample) {
            if (planes) {
                result[sample].value[i] = color.value[sample];
            } else {
                out[i * out_column + sample * out_sample] = color.value[sample];
            }
        }
    }
    if (!planes) return;
#pragma unroll
    for (int sample = 0; sample < 3; ++sample) store_run(out + sample * out_sample, result[sample]);
}

extern "C" __global__ void palette(const STORED* __restrict__ stored, OUT* __restrict__ out,
                                   const Index* __restrict__ places, const FrameParameters* __restrict__ parameters,
                                   const Color* __restrict__ tables, int32* flags, Index frames, Index rows,
                                   Index columns, Index stored_row, Index stored_column, Index out_row,
                                   Index out_column, Index out_sample, Index entries) {
    HDGPU_FOR(number, z, frames) {
        const Index* place = places + 4 * number;
        const FrameParameters& frame = parameters[number];
        Palette palette = {tables + static_cast<Index>(frame.table) * entries, entries - 1, frame.least, frame.most, 0};
        HDGPU_FOR(row, y, rows < place[2] ? rows : place[2]) {
            const STORED* from = stored + place[0] + row * stored_row;
            OUT* to = out + place[1] + row * out_row;
            const Index last = columns < place[3] ? columns : place[3];
            HDGPU_FOR(run, x, (last + RUN - 1) / RUN) {
                const Index at = run * RUN;
                if (last - at >= RUN && stored_column == 1 && is_aligned<StoredRun>(from + at)) {
                    look_up_run(palette, from + at, to + at * out_column, out_column, out_sample);
                    continue;
                }
                for (Index column = at; column < last && column < at + RUN; ++column) {
                    const Color color = palette(from[column * stored_column]);
                    OUT* pixel = to + column * out_column;
                    for (int sample = 0; sample < 3; ++sample) pixel[sample * out_sample] = color.value[sample];
                }
            }
        }
        if (CHECK && palette.flags) atomicOr(flags + number, palette.flags);
    }
}
