// Frames of one bit a sample, packed without a gap from the lowest bit on, to a byte a sample (PS3.5 8.1.1 and D).
//
// raw    (bytes,) uint8
// starts (frames,) first bit of each frame in raw
// out    (frames, count) uint8, 0 or 1
//
// Equals hdgpu.codecs.native exactly.
#include "runs.cuh"

// Samples of a thread: sixteen bytes of the output, of three bytes of raw at most.
#define RUN 16

typedef Run<uint8, RUN> SampleRun;

HDGPU_INLINE uint8 bit_at(const uint8* raw, Index position) { return raw[position >> 3] >> (position & 7) & 1; }

extern "C" __global__ void unpack_bits(const uint8* __restrict__ raw, const Index* __restrict__ starts,
                                       uint8* __restrict__ out, Index frames, Index count) {
    HDGPU_FOR(frame, y, frames) {
        uint8* to = out + frame * count;
        // The first run ends where the words of sixteen bytes of the output begin.
        const Index before = reinterpret_cast<uint64>(to) % RUN;
        HDGPU_FOR(run, x, (count + before + RUN - 1) / RUN) {
            const Index at = run * RUN - before;
            const Index position = starts[frame] + at;
            if (at >= 0 && count - at >= RUN) {
                const uint8* from = raw + (position >> 3);
                const int shift = static_cast<int>(position & 7);
                uint32 bits = from[0] | from[1] << 8;
                if (shift) bits |= static_cast<uint32>(from[2]) << 16;  // which is not there for the last frame's end
                bits >>= shift;
                SampleRun result;
#pragma unroll
                for (int i = 0; i < RUN; ++i) result.value[i] = bits >> i & 1;
                store_run(to + at, result);
                continue;
            }
            for (Index i = at < 0 ? 0 : at; i < at + RUN && i < count; ++i) to[i] = bit_at(raw, position + i - at);
        }
    }
}
