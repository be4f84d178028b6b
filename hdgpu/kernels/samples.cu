// The bytes of native frames to stored values: byte order, High Bit, Bits Stored and the sign (PS3.5 8.1.1).
//
// WORD   uint8, uint16, uint32 or uint64, the container of a sample; floating-point samples are moved as such words
// SIGNED 1 for samples in two's complement
// ORDER  LITTLE, BIG, or WORDS: 8-bit samples in big endian words of 16 bits, where byte p lies at p ^ 1
// CHECK  1 to note what contradicts High Bit
//
// raw    (bytes,) uint8, of even length for WORDS
// starts (frames,) first byte of each frame in raw
// out    (frames, count) of the container's size
// spare  bits above the sample, once it is moved down: Bits Allocated - Bits Stored
// low    bit in which the sample begins, spare at most
// flags  (frames,) int32, zero before: 1 where bits above Bits Stored are set, 2 where bits below `low` are
//
// Equals hdgpu.codecs.native exactly, before colour is converted.
#include "runs.cuh"

#define LITTLE 0
#define BIG 1
#define WORDS 2
#define RUN (16 / static_cast<int>(sizeof(WORD)))

template <typename Word>
struct SignedOf;
#define HDGPU_SIGNED(word, other) \
    template <>                   \
    struct SignedOf<word> {       \
        typedef other type;       \
    };
HDGPU_SIGNED(uint8, int8)
HDGPU_SIGNED(uint16, int16)
HDGPU_SIGNED(uint32, int32)
HDGPU_SIGNED(uint64, int64)
#undef HDGPU_SIGNED

HDGPU_INLINE WORD with_bytes_reversed(WORD word) {
    WORD reversed = 0;
#pragma unroll
    for (int byte = 0; byte < static_cast<int>(sizeof(WORD)); ++byte) {
        reversed |= static_cast<WORD>(word >> 8 * byte & 0xFF) << 8 * (static_cast<int>(sizeof(WORD)) - 1 - byte);
    }
    return reversed;
}

// The container whose first byte is at a position, which need not be aligned.
HDGPU_INLINE WORD load(const uint8* raw, Index position) {
    WORD word = 0;
#pragma unroll
    for (int byte = 0; byte < static_cast<int>(sizeof(WORD)); ++byte) {
        word |= static_cast<WORD>(raw[ORDER == WORDS ? position ^ 1 : position + byte]) << 8 * byte;
    }
    return word;
}

struct Sample {
    int spare, low;
    int32 flags;

    HDGPU_INLINE WORD operator()(WORD word) {
        typedef typename SignedOf<WORD>::type Signed;
        if (ORDER == BIG) word = with_bytes_reversed(word);
        if (CHECK) {
            const WORD lifted = static_cast<WORD>((word + 0u) << spare);
            const WORD kept = SIGNED ? static_cast<WORD>(static_cast<Signed>(lifted) >> spare) : lifted >> spare;
            if (kept != word) flags |= 1;
            if (word & ((static_cast<WORD>(1) << low) - 1)) flags |= 2;
        }
        const WORD top = static_cast<WORD>((word + 0u) << (spare - low));  // 0u: shorter words would become signed
        return SIGNED ? static_cast<WORD>(static_cast<Signed>(top) >> spare) : top >> spare;
    }
};

extern "C" __global__ void samples(const uint8* __restrict__ raw, const Index* __restrict__ starts,
                                   WORD* __restrict__ out, int32* flags, Index frames, Index count, Index spare,
                                   Index low) {
    typedef Run<WORD, RUN> SampleRun;
    HDGPU_FOR(frame, y, frames) {
        WORD* to = out + frame * count;
        Sample sample = {static_cast<int>(spare), static_cast<int>(low), 0};
        // The first run ends where the words of sixteen bytes of the output begin.
        const Index before = reinterpret_cast<uint64>(to) % sizeof(SampleRun) / sizeof(WORD);
        HDGPU_FOR(run, x, (count + before + RUN - 1) / RUN) {
            const Index at = run * RUN - before;
            const Index position = starts[frame] + at * static_cast<Index>(sizeof(WORD));
            const bool whole = at >= 0 && count - at >= RUN && is_aligned<SampleRun>(to + at);
            if (whole && is_aligned<SampleRun>(raw + position) && (ORDER != WORDS || position % 2 == 0)) {
                const SampleRun in = load_run<WORD, RUN>(reinterpret_cast<const WORD*>(raw + position));
                SampleRun result;
#pragma unroll
                for (int i = 0; i < RUN; ++i) result.value[i] = sample(in.value[ORDER == WORDS ? i ^ 1 : i]);
                store_run(to + at, result);
                continue;
            }
            for (Index i = at < 0 ? 0 : at; i < at + RUN && i < count; ++i) {
                to[i] = sample(load(raw, position + (i - at) * static_cast<Index>(sizeof(WORD))));
            }
        }
        if (CHECK && sample.flags) atomicOr(flags + frame, sample.flags);
    }
}
