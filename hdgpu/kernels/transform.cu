// Stored values of some frames, or of a rectangle of each, to output values at their places in an array.
//
// STORED    uint8, int8, uint16, int16, uint32, int32, float32, float64
// OUT       those, float16 or bfloat16
// WORKING   float64, or float32 where that gives the same values
// OPERATION IDENTITY, AFFINE, RAMP, SIGMOID (each after slope and intercept) or TABLE
// CHECK     1 to note values that do not fit, 2 those that may not be mapped, 3 both
//
// stored, out  rows and columns as many elements apart as given, which may be negative
// places       (frames, 4): first element in stored, first element in out, rows, columns; rows and columns are the most
// parameters   (frames,) FrameParameters
// tables       (tables, entries) OUT, for TABLE; a value beyond the entries maps to the last one
// flags        (frames,) int32, zero before: 1 where a value does not fit into OUT, 2 where one may not be mapped
//
// Equals hdgpu.pixels.reference: exactly, but for SIGMOID, where exp is another: 4 ulp of float64, before it is rounded.
// Denormal float32 counts as zero.
#include "pixel_value.cuh"
#include "runs.cuh"

// Elements of a thread, one after another: sixteen bytes of 16-bit stored values.
#define RUN 8

typedef Run<STORED, RUN> StoredRun;
typedef Run<OUT, RUN> OutRun;

// What is of the output's type already stays as it is.
template <typename Value>
HDGPU_INLINE bool copied(Value value, Value& out) {
    out = value;
    return true;
}
template <typename Value, typename Other>
HDGPU_INLINE bool copied(Value, Other&) {
    return false;
}

struct Frame {
    FrameParameters parameters;
    const OUT* table;
    Index last_entry;
    int32 flags;

    HDGPU_INLINE OUT operator()(STORED stored) {
        OUT out;
#if OPERATION == TABLE
        const Index at = table_index(stored);
        out = table[at < last_entry ? at : last_entry];
#else
#if OPERATION == IDENTITY
        const WORKING value = static_cast<WORKING>(stored);
        const bool fits = copied(stored, out) || convert(value, out);
#else
        WORKING value = static_cast<WORKING>(stored);
        value = value * static_cast<WORKING>(parameters.slope) + static_cast<WORKING>(parameters.intercept);
#if OPERATION == RAMP
        value = ramp(value, parameters);
#elif OPERATION == SIGMOID
        value = sigmoid(value, parameters);
#endif
        const bool fits = convert(value, out);
#endif
        if ((CHECK & 1) && !fits) flags |= 1;
#endif
        if ((CHECK & 2) && !(stored >= parameters.least && stored <= parameters.most)) flags |= 2;
        return out;
    }
};

// The other way round where columns of the target run backwards.
HDGPU_INLINE OutRun in_order(const OutRun& run, bool backwards) {
    OutRun turned;
#pragma unroll
    for (int i = 0; i < RUN; ++i) turned.value[i] = backwards ? run.value[RUN - 1 - i] : run.value[i];
    return turned;
}

// A run of a row, whole or at its end.
HDGPU_INLINE void transform_run(Frame& frame, const STORED* stored, OUT* out, Index count, Index stored_column,
                                Index out_column) {
    const bool backwards = out_column == -1;
    OUT* const first = backwards ? out - (RUN - 1) : out;
    if (count >= RUN && stored_column == 1 && (backwards || out_column == 1) && is_aligned<StoredRun>(stored) &&
        is_aligned<OutRun>(first)) {
        const StoredRun in = load_run<STORED, RUN>(stored);
        OutRun result;
#pragma unroll
        for (int i = 0; i < RUN; ++i) result.value[i] = frame(in.value[i]);
        store_run(first, in_order(result, backwards));
        return;
    }
    for (Index i = 0; i < count && i < RUN; ++i) {
        out[i * out_column] = frame(stored[i * stored_column]);
    }
}

extern "C" __global__ void transform(const STORED* __restrict__ stored, OUT* __restrict__ out,
                                     const Index* __restrict__ places, const FrameParameters* __restrict__ parameters,
                                     const OUT* __restrict__ tables, int32* flags, Index frames, Index rows,
                                     Index columns, Index stored_row, Index stored_column, Index out_row, Index out_column,
                                     Index entries) {
    HDGPU_FOR(number, z, frames) {
        const Index* place = places + 4 * number;
        Frame frame = {parameters[number], nullptr, entries - 1, 0};
        if (OPERATION == TABLE) frame.table = tables + static_cast<Index>(frame.parameters.table) * entries;
        HDGPU_FOR(row, y, rows < place[2] ? rows : place[2]) {
            const STORED* from = stored + place[0] + row * stored_row;
            OUT* to = out + place[1] + row * out_row;
            const Index last = columns < place[3] ? columns : place[3];
            HDGPU_FOR(run, x, (last + RUN - 1) / RUN) {
                const Index at = run * RUN;
                transform_run(frame, from + at * stored_column, to + at * out_column, last - at, stored_column, out_column);
            }
        }
        if (CHECK && frame.flags) atomicOr(flags + number, frame.flags);
    }
}
