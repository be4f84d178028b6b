// The arithmetic decoder of JPEG 2000 (ITU-T T.800 C): one binary decision after another from a code-block's bytes.
//
// Contract: the decisions of the standard's decoder for any bytes whatever, also for those after a marker and after the
// end, where it goes on with ones.  Reads nothing beyond the two bytes FF FF that its caller puts behind the data.
//
// What a decision costs is not its arithmetic but the branches of the standard's flow charts, whose outcomes are as
// good as random: a processor that foresees one wrongly loses twenty cycles.  So all outcomes are computed, and one is
// selected by masks.  And six bytes or so are taken in at a time.  A byte after FF is added one bit higher up (C.3.4),
// and where it is 80h or more it carries into bits that have been compared already; such a byte waits until the
// standard would take it in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__GNUC__)
#define HDGPU_INLINE inline __attribute__((always_inline))
#define HDGPU_LIKELY(condition) __builtin_expect(static_cast<bool>(condition), 1)
#else
#define HDGPU_INLINE inline
#define HDGPU_LIKELY(condition) (condition)
#endif

namespace hdgpu::jpeg2000 {

// A value that the compiler knows nothing of: it would make a branch of a mask again.
template <typename T>
HDGPU_INLINE T opaque(T value) {
#if defined(__GNUC__)
    asm("" : "+r"(value));
#endif
    return value;
}

// A state of a context: Qe in bits 48 to 63, how far that is shifted when it becomes the interval in bits 16 to 19, the
// states after a less and a more probable symbol in bits 8 to 14 and 1 to 7, the more probable symbol in bit 0.
using State = std::uint64_t;

struct Probability {  // a row of Table C.2
    std::uint16_t qe;
    std::uint8_t after_mps, after_lps, switches;
};

constexpr Probability probabilities[47] = {
    {0x5601, 1, 1, 1},    {0x3401, 2, 6, 0},    {0x1801, 3, 9, 0},    {0x0AC1, 4, 12, 0},   {0x0521, 5, 29, 0},
    {0x0221, 38, 33, 0},  {0x5601, 7, 6, 1},    {0x5401, 8, 14, 0},   {0x4801, 9, 14, 0},   {0x3801, 10, 14, 0},
    {0x3001, 11, 17, 0},  {0x2401, 12, 18, 0},  {0x1C01, 13, 20, 0},  {0x1601, 29, 21, 0},  {0x5601, 15, 14, 1},
    {0x5401, 16, 14, 0},  {0x5101, 17, 15, 0},  {0x4801, 18, 16, 0},  {0x3801, 19, 17, 0},  {0x3401, 20, 18, 0},
    {0x3001, 21, 19, 0},  {0x2801, 22, 19, 0},  {0x2401, 23, 20, 0},  {0x2201, 24, 21, 0},  {0x1C01, 25, 22, 0},
    {0x1801, 26, 23, 0},  {0x1601, 27, 24, 0},  {0x1401, 28, 25, 0},  {0x1201, 29, 26, 0},  {0x1101, 30, 27, 0},
    {0x0AC1, 31, 28, 0},  {0x09C1, 32, 29, 0},  {0x08A1, 33, 30, 0},  {0x0521, 34, 31, 0},  {0x0441, 35, 32, 0},
    {0x02A1, 36, 33, 0},  {0x0221, 37, 34, 0},  {0x0141, 38, 35, 0},  {0x0111, 39, 36, 0},  {0x0085, 40, 37, 0},
    {0x0049, 41, 38, 0},  {0x0025, 42, 39, 0},  {0x0015, 43, 40, 0},  {0x0009, 44, 41, 0},  {0x0005, 45, 42, 0},
    {0x0001, 45, 43, 0},  {0x5601, 46, 46, 0},
};

constexpr std::array<State, 128> make_states() {
    std::array<State, 128> states{};
    for (unsigned row = 0; row < 47; ++row) {
        const Probability& one = probabilities[row];
        for (unsigned mps = 0; mps < 2; ++mps) {
            const State after_mps = one.after_mps * 2u + mps, after_lps = one.after_lps * 2u + (mps ^ one.switches);
            State shift = 0;
            while ((one.qe << shift & 0x8000) == 0) ++shift;
            states[row * 2 + mps] =
                static_cast<State>(one.qe) << 48 | shift << 16 | after_lps << 8 | after_mps << 1 | mps;
        }
    }
    return states;
}

constexpr std::array<State, 128> states = make_states();

// Context labels (Table D.1 to D.5).
constexpr unsigned first_sign_context = 9, first_magnitude_context = 14, run_context = 17, uniform_context = 18;

class ArithmeticDecoder {
public:
    // `data` ends with FF FF.
    explicit ArithmeticDecoder(const unsigned char* data) : next_(data + 1), previous_(data[0]) {
        for (State& context : contexts_) context = states[0];
        contexts_[0] = states[4 * 2];
        contexts_[run_context] = states[3 * 2];
        contexts_[uniform_context] = states[46 * 2];
        c_ = static_cast<std::uint64_t>(previous_) << fraction;
        take_in(7);  // C.3.5
        available_ -= 7;
        c_ <<= 7;
    }

    // One decision in the context with that label (C.3.2).
    HDGPU_INLINE unsigned decide(unsigned label) {
        const State state = contexts_[label];
        const State after_mps = states[state >> 1 & 0x7F], after_lps = states[state >> 8 & 0x7F];
        const std::uint64_t q = state & qe_mask;
        const auto qe = static_cast<std::int32_t>(state >> fraction);
        const std::int32_t a = a_ - qe;
        // Masks: C lies in the lower interval, of size Qe; the symbol is the less probable one; A is below 8000h.
        const std::uint64_t lower = opaque(std::uint64_t{0} - static_cast<std::uint64_t>(c_ < q));
        const std::int32_t lower_32 = static_cast<std::int32_t>(lower);
        const std::int32_t is_lps = opaque(lower_32 ^ (a - qe) >> 31);
        const std::int32_t small = opaque((a - 0x8000) >> 31);
        const std::int32_t is_renormalised_mps = (lower_32 | small) & ~is_lps;
        contexts_[label] = state ^ ((state ^ after_lps) & static_cast<State>(std::int64_t{is_lps})) ^
                           ((state ^ after_mps) & static_cast<State>(std::int64_t{is_renormalised_mps}));
        // A less Qe is at least 8000h - 5601h, so that it is shifted by two at most.
        const int upper_shift = -small - ((a - 0x4000) >> 31), lower_shift = static_cast<int>(state >> 16 & 15);
        const int shift = upper_shift ^ ((upper_shift ^ lower_shift) & lower_32);
        c_ -= q & ~lower;
        if (!HDGPU_LIKELY(available_ >= shift)) take_in(shift);
        available_ -= shift;
        c_ <<= shift;
        a_ = (a ^ ((a ^ qe) & lower_32)) << shift;
        return static_cast<unsigned>(state ^ static_cast<State>(is_lps)) & 1;
    }

    // The same where the more probable symbol is nearly certain.
    HDGPU_INLINE unsigned decide_easily(unsigned label) {
        const State state = contexts_[label];
        const auto qe = static_cast<std::int32_t>(state >> fraction);
        const std::int32_t a = a_ - qe, c_high = static_cast<std::int32_t>(c_ >> fraction) - qe;
        if (!HDGPU_LIKELY((c_high | (a - 0x8000)) >= 0)) return decide(label);
        a_ = a;
        c_ -= state & qe_mask;
        return state & 1;
    }

private:
    // The 16 bits that C has in the standard are the highest ones here, so that what grows beyond them, for bytes that
    // no encoder wrote, is lost as it is there.  Below them are as many bits of data as have been taken in.
    static constexpr int fraction = 48;
    static constexpr std::uint64_t qe_mask = std::uint64_t{0xFFFF} << fraction;

    // Add bytes to C until there are `wanted` bits, and more where that makes no difference (C.3.4).
    HDGPU_INLINE void take_in(int wanted) {
        do {
            const unsigned byte = *next_;
            if (previous_ != 0xFF) {
                available_ += 8;
            } else if (byte > 0x8F) {  // a marker, which stays the next
                available_ += 8;
                c_ += std::uint64_t{0xFF} << (fraction - available_);
                continue;
            } else {
                if (byte >= 0x80 && available_ >= wanted) break;
                available_ += 7;
            }
            c_ += static_cast<std::uint64_t>(byte) << (fraction - available_);
            previous_ = byte;
            ++next_;
        } while (available_ <= fraction - 8);
    }

    std::int32_t a_ = 0x8000;
    std::uint64_t c_ = 0;
    int available_ = 0;  // bits of data below C's 16
    const unsigned char* next_;
    unsigned previous_;
    State contexts_[19];
};

}  // namespace hdgpu::jpeg2000
