// Values less a number, times or divided by another, plus a third: of the whole array, or of each channel.
//
// VALUE    uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, bfloat16, float32 or float64
// WORKING  float32 for float16, bfloat16 and float32, else float64
// OUT      VALUE if that is float16 or bfloat16, else WORKING
// SCALE    MULTIPLY or DIVIDE
//
// values  (layers, rows, columns, channels), as many elements apart as given, which may be negative
// out     the same, contiguous
// less, scale  (channels,) WORKING, `apart` elements from one another: 0 for one for all
//
// Equals hdgpu.volume.intensity on the array API bit for bit.  Denormal float32 counts as zero.
#include "convert.cuh"
#include "moments.cuh"

#define MULTIPLY 0
#define DIVIDE 1

extern "C" __global__ void normalize(const VALUE* __restrict__ values, OUT* __restrict__ out,
                                     const WORKING* __restrict__ less, const WORKING* __restrict__ scale, float64 plus,
                                     Index apart, Index layers, Index rows, Index columns, Index channels,
                                     Index layer_stride, Index row_stride, Index column_stride, Index channel_stride) {
    HDGPU_FOR(layer, z, layers) HDGPU_FOR(row, y, rows) {
        const VALUE* from = values + layer * layer_stride + row * row_stride;
        OUT* to = out + (layer * rows + row) * columns * channels;
        HDGPU_FOR(column, x, columns) {
            for (Index channel = 0; channel < channels; ++channel) {
                const VALUE value = from[column * column_stride + channel * channel_stride];
                const WORKING centred = static_cast<WORKING>(number_of(value)) - less[channel * apart];
#if SCALE == MULTIPLY
                const WORKING scaled = centred * scale[channel * apart];
#else
                const WORKING scaled = centred / scale[channel * apart];
#endif
                convert(scaled + static_cast<WORKING>(plus), to[column * channels + channel]);
            }
        }
    }
}
