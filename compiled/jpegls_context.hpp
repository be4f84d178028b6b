// What JPEG-LS learns of each context as it goes (T.87 A.2.1, A.5, A.6, A.7.2).
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>

#include "jpegls_bits.hpp"

namespace hdgpu::jpegls {

constexpr int regular_contexts = 365, least_bias = -128, most_bias = 127;  // the latter MIN_C and MAX_C

inline int initial_sum(int maxval) { return std::max(2, (maxval + 1 + 32) / 64); }  // A.2.1

// The Golomb parameter k: the least of which (count << k) reaches `sum` (A.5.1).
inline unsigned golomb_parameter(std::int32_t sum, std::int32_t count) {
    const int bits_short = __builtin_clz(static_cast<unsigned>(count)) - __builtin_clz(static_cast<unsigned>(sum) | 1);
    const int k = std::max(bits_short, 0);
    return static_cast<unsigned>(k + ((std::int64_t{count} << k) < sum));
}

// Of regular mode.  The next sample waits for k, which hardly ever changes: so it is kept, and only found anew if it has
// to be.  That is one branch, nearly always foreseen.
struct Context {
    std::int32_t sum;           // A: magnitudes of errors
    std::int32_t slack;         // N 2^k - A: with the right k not negative, and unless k is 0 less than A
    std::int32_t unit;          // 2^k
    std::int32_t no_upper_end;  // INT_MAX where k is 0, else 0
    std::int32_t count;         // N
    std::int32_t drift;         // B + N - 1, from 0 to before N (B: errors)
    std::int16_t bias;          // C
    std::int16_t shift;         // of a code, by k less than the whole one

    Context() = default;
    explicit Context(std::int32_t initial) : sum(initial), count(1), drift(0), bias(0) { find_k(); }

    unsigned k() const { return UsualCode::whole_shift - static_cast<unsigned>(shift); }

    // 1 where errors are mapped the other way (A.5.2), which is that of the value's neighbour, else 0.
    std::uint32_t inverted() const {
        return static_cast<std::uint32_t>(2 * drift - count + 1) >> 31 & static_cast<std::uint32_t>(no_upper_end);
    }

    // Otherwise without a branch, for half of them could not be foreseen (A.6).
    void update(std::int32_t error, std::int32_t magnitude, int reset) {
        std::int32_t n = count, a = sum + magnitude, d = drift + error + 1, margin = slack + unit - magnitude;
        if (n == reset) {
            d = ((d - n) >> 1) + (n >> 1);
            a >>= 1;
            n >>= 1;
            margin = -1;
        }
        ++n;
        const std::int32_t below = d >> 31, above = (n - 1 - d) >> 31;
        d += (n & below) - (n & above);
        const std::int32_t c = bias + below - above;
        sum = a;
        slack = margin;
        count = n;
        drift = std::min(std::max(d, 0), n - 1);
        bias = static_cast<std::int16_t>(std::min(std::max(c, least_bias), most_bias));
        if (static_cast<std::uint32_t>(margin) >= static_cast<std::uint32_t>(a | no_upper_end)) find_k();
    }

private:
    void find_k() {
        const unsigned k = golomb_parameter(sum, count);
        unit = std::int32_t{1} << k;
        slack = static_cast<std::int32_t>((std::int64_t{count} << k) - sum);
        no_upper_end = k ? 0 : INT_MAX;
        shift = static_cast<std::int16_t>(UsualCode::whole_shift - k);
    }
};

// Of run interruption (A.7.2).
struct RunContext {
    std::int32_t sum;       // A
    std::int32_t count;     // N
    std::int32_t negative;  // Nn

    unsigned k(int type) const { return golomb_parameter(sum + (type ? count >> 1 : 0), count); }

    void update(bool is_negative, std::int32_t magnitude, int reset) {
        negative += is_negative;
        sum += magnitude;
        if (count == reset) {
            sum >>= 1;
            count >>= 1;
            negative >>= 1;
        }
        ++count;
    }
};

}  // namespace hdgpu::jpegls
