// The arithmetic decoder of JPEG 2000 (ITU-T T.800 C): one binary decision after another from a code-block's bytes.
//
// Contract: the decisions of the standard's decoder for any bytes whatever, also for those after a marker and after the
// end, where it goes on with ones.  Reads nothing beyond the two bytes FF FF that its caller puts behind the data.
//
// What a decision costs is not its arithmetic but the branches of the standard's flow charts, whose outcomes are as
// good as random: a processor that foresees one wrongly loses twenty cycles.  So all outcomes are computed, and one is
// selected without a branch.  And six bytes or so are taken in at a time.  A byte after FF is added one bit higher up
// (C.3.4), and where it is 80h or more it carries into bits that have been compared already; such a byte waits until
// the standard would take it in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "jpeg2000_contexts.hpp"

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

// A state of a context: Qe in bits 48 to 63, and in the lowest ones where its transitions begin.
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

constexpr State make_state(unsigned row, unsigned mps) {
    return State{probabilities[row].qe} << 48 | (row * 2 + mps) * 8;
}

// Eight a state, of which five are reached: see `decide`.
using Transitions = std::array<State, 47 * 2 * 8>;

constexpr Transitions make_transitions() {
    Transitions transitions{};
    for (unsigned row = 0; row < 47; ++row) {
        const Probability& one = probabilities[row];
        for (unsigned mps = 0; mps < 2; ++mps) {
            State* const next = &transitions[(row * 2 + mps) * 8];
            next[0] = next[4] = make_state(one.after_mps, mps);
            next[1] = make_state(row, mps);  // nothing is learnt without renormalisation
            next[2] = make_state(one.after_lps, mps ^ one.switches);
        }
    }
    return transitions;
}

alignas(64) constexpr Transitions transitions = make_transitions();

class ArithmeticDecoder {
public:
    // `data` ends with FF FF.
    explicit ArithmeticDecoder(const unsigned char* data) : next_(data + 1), previous_(data[0]) {
        for (State& context : contexts_) context = make_state(0, 0);
        contexts_[0] = make_state(4, 0);
        contexts_[run_context] = make_state(3, 0);
        contexts_[uniform_context] = make_state(46, 0);
        c_ = (static_cast<std::uint64_t>(previous_) << fraction | end_of_none) << 7;  // C.3.5
        take_in();
    }

    // One decision in the context with that label (C.3.2).
    HDGPU_INLINE unsigned decide(unsigned label) {
        const State state = contexts_[label];
        const std::uint64_t q = state & qe_mask;
        const unsigned row = static_cast<std::uint16_t>(state);
        std::uint64_t a = a_ - q, c = c_;
        // How many of A and C are less than Qe: the symbol is the less probable one if one of them is.
        unsigned less = a < q;
        if_less_take(q, &c, &a, &less);
        contexts_[label] = transitions[row + 2 * less + (a >> 63)];
        const int shift = __builtin_clzll(a);
        a_ = a << shift;
        c_ = c << shift;
        if (!HDGPU_LIKELY(c_ & data_mask)) take_in();
        return (row >> 3 ^ less) & 1;
    }

    // The same where the more probable symbol is nearly certain.
    HDGPU_INLINE unsigned decide_easily(unsigned label) {
        const State state = contexts_[label];
        const std::uint64_t q = state & qe_mask, a = a_ - q;
        if (!HDGPU_LIKELY(a >> 63 != 0 && c_ >= q)) return decide(label);
        a_ = a;
        c_ -= q;
        return state >> 3 & 1;
    }

private:
    // The 16 bits that A and C have in the standard are the highest ones here, so that what grows beyond them, for
    // bytes that no encoder wrote, is lost as it is there.  Below those of C are as many bits of data as were taken in,
    // and then a one, which tells where they end.
    static constexpr int fraction = 48;
    static constexpr std::uint64_t data_mask = (std::uint64_t{1} << fraction) - 1, qe_mask = ~data_mask;
    static constexpr std::uint64_t end_of_none = std::uint64_t{1} << (fraction - 1);

    // The lower interval, of size Qe, if C lies in it; else C above it.
    static HDGPU_INLINE void if_less_take(std::uint64_t q, std::uint64_t* c, std::uint64_t* a, unsigned* less) {
        const std::uint64_t before = *c;
#if defined(__GNUC__) && defined(__x86_64__)
        // One subtraction serves all; compilers make a branch of it, or a second comparison.
        asm("sub %[q], %[c]\n\t"
            "cmovb %[before], %[c]\n\t"
            "cmovb %[q], %[a]\n\t"
            "adc $0, %[less]"
            : [c] "+&r"(*c), [a] "+&r"(*a), [less] "+&r"(*less)
            : [q] "r"(q), [before] "r"(before)
            : "cc");
#else
        const std::uint64_t lower = opaque(std::uint64_t{0} - static_cast<std::uint64_t>(before < q));
        *c -= q & ~lower;
        *a ^= (*a ^ q) & lower;
        *less -= static_cast<unsigned>(lower);
#endif
    }

    // Add bytes to C, from which more bits have been shifted than there were, until these are made up for, and more
    // where that makes no difference (C.3.4).
    HDGPU_INLINE void take_in() {
        int available = fraction - 1 - __builtin_ctzll(c_);  // less than none
        c_ &= c_ - 1;
        do {
            const unsigned byte = *next_;
            if (previous_ != 0xFF) {
                available += 8;
            } else if (byte > 0x8F) {  // a marker, which stays the next
                available += 8;
                c_ += std::uint64_t{0xFF} << (fraction - available);
                continue;
            } else {
                if (byte >= 0x80 && available >= 0) break;
                available += 7;
            }
            c_ += static_cast<std::uint64_t>(byte) << (fraction - available);
            previous_ = byte;
            ++next_;
        } while (available < fraction - 8);
        c_ |= end_of_none >> available;
    }

    std::uint64_t a_ = std::uint64_t{0x8000} << fraction;
    std::uint64_t c_;
    const unsigned char* next_;
    unsigned previous_;
    State contexts_[contexts];
};

}  // namespace hdgpu::jpeg2000
