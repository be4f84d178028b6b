// Frames in RLE Lossless (PS3.5 G) to the containers of their samples: one block for each segment of a frame.
//
// data     bytes of the frames, wherever their fragments were joined
// places   (frames, 2): first byte of a frame in data, and its length in bytes; within data, which the caller has seen to
// out      (frames, pixels, samples) containers of `size` bytes, little endian, at most 15 bytes a pixel
// flags    (frames,) int32, zero before: why a frame is not decoded, as bits; what is then in out means nothing
// endings  (frames,) int32, zero before: for the kernel's own use
//
// Accepts and gives what hdgpu/codecs/rle.py does, bit for bit, before it looks at High Bit, Bits Stored and colour.
// Nothing outside of a frame is read and nothing outside of its containers written, whatever the bytes are.
//
// In a segment each packet tells where the next one begins.  So one thread walks through the packets, a window of bytes
// in shared memory at a time, and lists the runs; the others meanwhile write the runs of the window before, and load the
// window after.
#include "rle_packets.cuh"

// The threads of the first warp but one wait, that none of them writes while the first one walks.
#define WALKERS 32
// Bytes that a thread writes at a time, so that it waits for memory once for all of them.
#define BATCH 4

struct alignas(16) Word {
    uint32 part[4];
};

struct Window {
    Word words[WINDOW / 16];
};

// Load a window of a segment; `first`, which may be negative, is such that whole words are aligned in memory.
HDGPU_INLINE void load_window(const uint8* segment, Index size, Index first, Window& window, int32 thread,
                              int32 threads) {
    for (int32 i = thread; i < WINDOW / 16; i += threads) {
        const Index at = first + 16 * i;
        if (at >= 0 && at + 16 <= size) {
            window.words[i] = *reinterpret_cast<const Word*>(segment + at);
            continue;
        }
        uint8* bytes = reinterpret_cast<uint8*>(&window.words[i]);
        for (int32 byte = 0; byte < 16; ++byte) {
            if (at + byte >= 0 && at + byte < size) bytes[byte] = segment[at + byte];
        }
    }
}

// Write runs to a plane, whose bytes lie `stride` apart; `source` is byte 0 of their window.
HDGPU_INLINE void write_runs(const Runs& runs, const uint8* source, uint8* plane, Index stride, int32 thread,
                             int32 threads) {
    uint8* to = plane + runs.written * stride;
    for (int32 begin = thread; begin < runs.bytes; begin += BATCH * threads) {
        uint8 values[BATCH];
#pragma unroll
        for (int32 i = 0; i < BATCH; ++i) {
            const int32 byte = begin + i * threads;
            const int32 run = run_of(runs, byte);
            const int32 from = runs.source[run];
            if (byte < runs.bytes) values[i] = source[(from >> 1) + (from & 1 ? 0 : byte - runs.begin[run])];
        }
#pragma unroll
        for (int32 i = 0; i < BATCH; ++i) {
            const int32 byte = begin + i * threads;
            if (byte < runs.bytes) to[byte * stride] = values[i];
        }
    }
}

extern "C" __global__ void __launch_bounds__(128)
    rle(const uint8* __restrict__ data, const Index* __restrict__ places, uint8* __restrict__ out, int32* flags,
        int32* endings, Index frames, Index pixels, Index samples, Index size) {
    __shared__ Window windows[2];
    __shared__ Runs runs[2];
    __shared__ Segment segment;
    __shared__ Walk walk;
    const Index segments = samples * size;
    const int32 thread = static_cast<int32>(threadIdx.x), threads = static_cast<int32>(blockDim.x);
    const int32 writer = thread - WALKERS, writers = threads - WALKERS;
    for (Index item = blockIdx.x; item < frames * segments; item += gridDim.x) {
        const Index frame = item / segments, number = item % segments;
        const uint8* bytes = data + places[2 * frame];
        if (thread == 0) {
            segment = find_segment(bytes, places[2 * frame + 1], samples, segments, number);
            walk = {0, 0, segment.error, segment.ending};
        }
        __syncthreads();
        if (!segment.error) {
            const uint8* from = bytes + segment.from;
            // Of a sample, the most significant byte comes first.
            uint8* plane = out + frame * pixels * segments + number / size * size + (size - 1 - number % size);
            const Index lead = static_cast<Index>(reinterpret_cast<uint64>(from) % sizeof(Word));
            load_window(from, segment.size, -lead, windows[0], thread, threads);
            __syncthreads();
            for (Index step = 0;; ++step) {
                const Index first = step * WINDOW - lead;
                const bool ending = step > 0 && runs[(step - 1) & 1].last;
                if (thread == 0 && !ending) {
                    walk_window(reinterpret_cast<const uint8*>(&windows[step & 1]), first, segment.size, pixels, walk,
                                runs[step & 1]);
                }
                if (writer >= 0) {
                    if (!ending) {
                        load_window(from, segment.size, first + WINDOW, windows[(step + 1) & 1], writer, writers);
                    }
                    if (step > 0) {
                        write_runs(runs[(step - 1) & 1], from + first - WINDOW, plane, segments, writer, writers);
                    }
                }
                __syncthreads();
                if (ending) break;
            }
            int32 found = thread == 0 ? walk.ending : 0;
            for (Index at = walk.at + thread; at < segment.size; at += threads) {
                found |= trailing(from[at], at == segment.size - 1);
            }
            if (found && !walk.error) {
                const int32 before = atomicOr(endings + frame, found);
                if ((before | found) == (NOT_STRICT | NOT_PADDED)) atomicOr(flags + frame, GOES_ON);
            }
        }
        if (thread == 0 && walk.error) atomicOr(flags + frame, walk.error);
        __syncthreads();
    }
}
