// Minimum, maximum, mean and (population) standard deviation of an array, or of each of its channels.
//
// VALUE  uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, bfloat16, float32 or float64
// STAGE  PARTIAL: each block goes over its part of the array; MERGE: their results are brought together
//
// values   (groups, layers, rows, columns), as many elements apart as given, from `start` on; channel
//          group * period + column % period; period is at most the threads of a block along columns
// moments  (groups * period, blocks) Moments: written by PARTIAL, read by MERGE
// result   (4, groups * period) float64: minimum, maximum, mean, standard deviation
//
// Blocks of 256 threads; MERGE has a block a channel.  What a thread takes, and in which order results are merged, depends
// on the grid alone: the same every time.
// Equals NumPy's min and max (in float64; NaN if a value is), and mean and std of float64 within 1e-12, relative; a
// standard deviation of equal values is 0.
#include "moments.cuh"

#define PARTIAL 0
#define MERGE 1

#define THREADS 256

#if STAGE == PARTIAL

// Values of a thread that are fetched together.
#define RUN 16

typedef decltype(number_of(VALUE())) Number;

// Up to RUN values of a line, `apart` columns from one another.
HDGPU_INLINE Moments run_of(const VALUE* line, Index first, Index columns, Index column_stride, Index apart) {
    Number numbers[RUN];
    int count = 0;
#pragma unroll
    for (int i = 0; i < RUN; ++i) {
        const Index column = first + i * apart;
        if (column < columns) {
            numbers[i] = number_of(line[column * column_stride]);
            count = i + 1;
        }
    }
    if (count == 0) return {0, 0, 0, 0, 0};
    return moments_of<RUN>(numbers, count);
}

extern "C" __global__ void statistics(const VALUE* __restrict__ values, Moments* __restrict__ moments, Index start,
                                      Index groups, Index layers, Index rows, Index columns, Index group_stride,
                                      Index layer_stride, Index row_stride, Index column_stride, Index period) {
    __shared__ Moments shared[THREADS];
    const Index wide = blockDim.x / period * period, mine = threadIdx.x;  // threads beyond have no channel
    const Index members = wide / period * blockDim.y, member = threadIdx.y * (wide / period) + mine / period;
    const Index blocks = static_cast<Index>(gridDim.x) * gridDim.y * gridDim.z;
    const Index block = (static_cast<Index>(blockIdx.z) * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    Moments* const place = shared + (mine % period) * members + member;
    for (Index group = 0; group < groups; ++group) {
        Moments found = {0, 0, 0, 0, 0};
        HDGPU_FOR(layer, z, layers) HDGPU_FOR(row, y, rows) {
            const VALUE* line = values + start + group * group_stride + layer * layer_stride + row * row_stride;
            for (Index first = blockIdx.x * wide * RUN; first < columns; first += gridDim.x * wide * RUN) {
                if (mine < wide) found = together(found, run_of(line, first + mine, columns, column_stride, wide));
            }
        }
        if (mine < wide) *place = found;
        __syncthreads();
        for (Index half = THREADS / 2; half > 0; half /= 2) {
            if (mine < wide && member < half && member + half < members) *place = together(*place, place[half]);
            __syncthreads();
        }
        if (mine < wide && member == 0) moments[(group * period + mine % period) * blocks + block] = *place;
        __syncthreads();
    }
}

#else

extern "C" __global__ void statistics(const Moments* __restrict__ moments, float64* __restrict__ result, Index channels,
                                      Index blocks) {
    __shared__ Moments shared[THREADS];
    Moments* const place = shared + threadIdx.x;
    for (Index channel = blockIdx.x; channel < channels; channel += gridDim.x) {
        Moments found = {0, 0, 0, 0, 0};
        for (Index block = threadIdx.x; block < blocks; block += THREADS) {
            found = together(found, moments[channel * blocks + block]);
        }
        *place = found;
        __syncthreads();
        for (Index half = THREADS / 2; half > 0; half /= 2) {
            if (threadIdx.x < half) *place = together(*place, place[half]);
            __syncthreads();
        }
        if (threadIdx.x == 0) {
            result[channel] = place->least;
            result[channels + channel] = place->most;
            result[2 * channels + channel] = mean_of(*place);
            result[3 * channels + channel] = sqrt(place->squares / place->count);
        }
        __syncthreads();
    }
}

#endif
