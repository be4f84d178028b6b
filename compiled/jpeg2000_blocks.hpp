// Coefficient bits of JPEG 2000 (ITU-T T.800 D): a code-block's coding passes, without any code-block style.
//
// Contract: for any bytes, the coefficients of the standard's decoder; bits that were not coded are taken to be half of
// the last one that was (E.1.1.2 with r = 1/2).
//
// A code-block is coded in stripes of four rows, and in those by columns.  Sets of 64 samples, sixteen columns of a
// stripe, tell which are significant.  From these follows by a few operations which samples a pass may concern, so that
// it goes from one to the next of them without a look at the others, and in a single loop: its end is one branch a set
// that cannot be foreseen, instead of one a column.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#if defined(__GNUC__) && defined(__x86_64__)
#include <cpuid.h>
#define HDGPU_WITH_BIT_INSTRUCTIONS __attribute__((target("bmi,bmi2,lzcnt")))
#endif

#include "jpeg2000_contexts.hpp"
#include "jpeg2000_mq.hpp"

namespace hdgpu::jpeg2000 {

constexpr unsigned widest_block = 64, tallest_block = 1024, largest_block = 4096;
constexpr unsigned most_bit_planes = 24;

// A set of samples in sixteen columns of a stripe, in the order they are coded: bit 4 column + row.
using Samples = std::uint64_t;
constexpr unsigned set_columns = 16;
constexpr Samples first_rows = 0x1111111111111111, last_rows = first_rows << 3;

HDGPU_INLINE std::size_t first_of(Samples samples) {  // of at least one
    return static_cast<std::size_t>(__builtin_ctzll(samples));
}

// The neighbours of each sample that are coded after it, those in its set.
constexpr std::array<Samples, 64> make_followers() {
    std::array<Samples, 64> followers{};
    for (unsigned at = 0; at < 64; ++at) {
        const unsigned row = at % 4;
        const Samples beside = at < 60 ? Samples{1} << at << 4 : 0;
        followers[at] = (row > 0 ? beside >> 1 : 0) | beside | (row < 3 ? beside << 1 | Samples{1} << at << 1 : 0);
    }
    return followers;
}

constexpr std::array<Samples, 64> followers = make_followers();

#if defined(HDGPU_WITH_BIT_INSTRUCTIONS)
// Whether the processor counts leading zeros and shifts in a single operation, as all have done since 2013 or so.
inline bool has_bit_instructions() {
    constexpr unsigned lzcnt = 1u << 5, bmi1 = 1u << 3, bmi2 = 1u << 8;
    unsigned a, b, c, d;
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & lzcnt) && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bmi1) && (b & bmi2);
}
#endif

class BlockDecoder {
public:
    // Decode `passes` passes of a block whose highest bit-plane is `planes`, at least one and at most most_bit_planes.
    // `data` ends with FF FF.  Width and height are at most those of a block of largest_block samples whose sides are
    // powers of two, no wider than widest_block and no taller than tallest_block.
    void decode(const unsigned char* data, unsigned width, unsigned height, Band band, unsigned planes,
                unsigned passes) {
        shape(width, height);
        zero_contexts_ = zero_contexts[static_cast<unsigned>(band)].data();
#if defined(HDGPU_WITH_BIT_INSTRUCTIONS)
        static const bool has_them = has_bit_instructions();
        if (has_them) {
            decode_with_bit_instructions(data, planes, passes);
            return;
        }
#endif
        decode_passes(data, planes, passes);
    }

    // Integers, half a step dropped (E.1.1.2), into rows that are `pitch` apart.
    void store(std::int32_t* out, std::size_t pitch, unsigned height) const {
        for (unsigned stripe = 0; stripe < stripes_; ++stripe) {
            const std::uint32_t* const in = coefficients_ + first_sample(stripe, 0);
            const unsigned rows = std::min(4u, height - 4 * stripe);
            std::int32_t* const line = out + 4 * stripe * pitch;
            unsigned column = 0;
#if defined(__SSE2__)
            for (; rows == 4 && column + 4 <= width_; column += 4) store_square(in + 4 * column, line + column, pitch);
#endif
            for (; column < width_; ++column) {
                for (unsigned row = 0; row < rows; ++row) {
                    const std::uint32_t coefficient = in[4 * column + row];
                    const auto magnitude = static_cast<std::int32_t>((coefficient & 0x7FFFFFFF) >> 1);
                    line[row * pitch + column] = coefficient >> 31 ? -magnitude : magnitude;
                }
            }
        }
    }

private:
#if defined(HDGPU_WITH_BIT_INSTRUCTIONS)
    // The same compiled once more, which is a tenth faster.
    HDGPU_WITH_BIT_INSTRUCTIONS void decode_with_bit_instructions(
        const unsigned char* data, unsigned planes, unsigned passes) {
        decode_passes(data, planes, passes);
    }
#endif

    HDGPU_INLINE void decode_passes(const unsigned char* data, unsigned planes, unsigned passes) {
        ArithmeticDecoder decisions(data);
        unsigned kind = 2;  // the first pass is a cleanup pass
        for (unsigned plane = planes; passes > 0; --passes) {
            switch (kind) {
                case 0: significance_propagation(&decisions, plane); break;
                case 1: magnitude_refinement(&decisions, plane); break;
                default: cleanup(&decisions, plane);
            }
            kind = kind == 2 ? 0 : kind + 1;
            plane -= kind == 0;
        }
    }

    void shape(unsigned width, unsigned height) {
        width_ = width;
        stripes_ = (height + 3) / 4;
        sets_ = (width + set_columns - 1) / set_columns;
        pitch_ = sets_ + 2;
        column_pitch_ = width + 2;
        last_rows_ = height % 4 ? first_rows * ((1u << height % 4) - 1) : ~Samples{0};
        const unsigned rest = width % set_columns;
        last_columns_ = rest ? (Samples{1} << 4 * rest) - 1 : ~Samples{0};
        to_above_[0] = 4 * column_pitch_ - 3;
        to_above_[1] = to_above_[2] = to_above_[3] = 1;
        std::memset(significant_, 0, (stripes_ + 2) * pitch_ * sizeof significant_[0]);
        std::memset(refined_, 0, (stripes_ + 2) * pitch_ * sizeof refined_[0]);
        std::memset(coded_, 0, (stripes_ + 2) * pitch_ * sizeof coded_[0]);
        std::memset(neighbours_, 0, (stripes_ + 2) * column_pitch_ * 4 * sizeof neighbours_[0]);
        std::memset(coefficients_, 0, (stripes_ + 2) * column_pitch_ * 4 * sizeof coefficients_[0]);
    }

#if defined(__SSE2__)
    // Four columns of a stripe, which become four rows.
    static HDGPU_INLINE void store_square(const std::uint32_t* in, std::int32_t* out, std::size_t pitch) {
        const auto column = [in](unsigned index) {
            const __m128i coded = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 4 * index));
            const __m128i sign = _mm_srai_epi32(coded, 31);
            return _mm_sub_epi32(_mm_xor_si128(_mm_srli_epi32(_mm_slli_epi32(coded, 1), 2), sign), sign);
        };
        const __m128i a = column(0), b = column(1), c = column(2), d = column(3);
        const __m128i ab = _mm_unpacklo_epi32(a, b), cd = _mm_unpacklo_epi32(c, d);
        const __m128i ab_high = _mm_unpackhi_epi32(a, b), cd_high = _mm_unpackhi_epi32(c, d);
        const __m128i rows[4] = {_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd),
                                 _mm_unpacklo_epi64(ab_high, cd_high), _mm_unpackhi_epi64(ab_high, cd_high)};
        for (const __m128i& row : rows) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(out), row);
            out += pitch;
        }
    }
#endif

    HDGPU_INLINE std::size_t set_at(unsigned stripe, unsigned set) const { return (stripe + 1) * pitch_ + set + 1; }

    HDGPU_INLINE std::size_t first_sample(unsigned stripe, unsigned set) const {
        return ((stripe + 1) * std::size_t{column_pitch_} + set * set_columns + 1) * 4;
    }

    // Samples of a set that lie in the block.
    HDGPU_INLINE Samples inside(unsigned stripe, unsigned set) const {
        return (stripe + 1 == stripes_ ? last_rows_ : ~Samples{0}) & (set + 1 == sets_ ? last_columns_ : ~Samples{0});
    }

    // D.3.1
    HDGPU_INLINE void significance_propagation(ArithmeticDecoder* decoder, unsigned plane) {
        ArithmeticDecoder decisions = *decoder;  // a copy, for its members to be in registers
        for (unsigned stripe = 0; stripe < stripes_; ++stripe) {
            for (unsigned set = 0; set < sets_; ++set) {
                const std::size_t here = set_at(stripe, set), first = first_sample(stripe, set);
                const Samples within = inside(stripe, set);
                Samples significant = significant_[here];
                Samples todo = near_significant(here) & ~significant & within, coded = todo;
                while (todo) {
                    const std::size_t at = first_of(todo);
                    todo &= todo - 1;
                    if (!decisions.decide(zero_contexts_[neighbours_[first + at] & any])) continue;
                    become_significant(&decisions, first + at, at % 4, plane);
                    significant |= Samples{1} << at;
                    const Samples more = followers[at] & ~significant & within;
                    todo |= more;
                    coded |= more;
                }
                coded_[here] = coded;
                significant_[here] = significant;
            }
        }
        *decoder = decisions;
    }

    // D.3.3
    HDGPU_INLINE void magnitude_refinement(ArithmeticDecoder* decoder, unsigned plane) {
        ArithmeticDecoder decisions = *decoder;
        const std::uint32_t half = std::uint32_t{1} << plane >> 1;
        for (unsigned stripe = 0; stripe < stripes_; ++stripe) {
            for (unsigned set = 0; set < sets_; ++set) {
                const std::size_t here = set_at(stripe, set), first = first_sample(stripe, set);
                const Samples all = significant_[here] & ~coded_[here], again = refined_[here];
                if (!all) continue;
                const Samples near = near_significant(here) & ~again;
                refined_[here] = again | all;
                for (Samples todo = all; todo; todo &= todo - 1) {
                    const std::size_t at = first_of(todo);
                    const auto label = static_cast<unsigned>((again >> at & 1) * 2 + (near >> at & 1));  // Table D.4
                    const unsigned bit = decisions.decide(first_magnitude_context + label);
                    const std::uint32_t less = bit - 1;  // all ones, or none
                    coefficients_[first + at] += (half ^ less) - less;
                }
            }
        }
        *decoder = decisions;
    }

    // D.3.4
    HDGPU_INLINE void cleanup(ArithmeticDecoder* decoder, unsigned plane) {
        ArithmeticDecoder decisions = *decoder;
        for (unsigned stripe = 0; stripe < stripes_; ++stripe) {
            for (unsigned set = 0; set < sets_; ++set) {
                const std::size_t here = set_at(stripe, set), first = first_sample(stripe, set);
                const Samples within = inside(stripe, set), full = within & within >> 3 & first_rows;
                Samples significant = significant_[here];
                const Samples uncoded = within & ~significant & ~coded_[here];
                // Columns with nothing significant about them are coded as runs; their first samples stand for them.
                const Samples near = near_significant(here) | significant;
                Samples runs = ~(near | near >> 1 | near >> 2 | near >> 3) & full;
                Samples todo = (uncoded & ~(runs * 15)) | runs;
                while (todo) {
                    std::size_t at = first_of(todo);
                    const Samples one = Samples{1} << at;
                    todo ^= one;
                    if (runs & one) {
                        if (HDGPU_LIKELY(!decisions.decide_easily(run_context))) continue;
                        const unsigned high = decisions.decide(uniform_context);
                        const unsigned row = high << 1 | decisions.decide(uniform_context);
                        at += row;
                        todo |= one * (15 & ~1u << row);
                    } else if (!decisions.decide(zero_contexts_[neighbours_[first + at] & any])) {
                        continue;
                    }
                    become_significant(&decisions, first + at, at % 4, plane);
                    significant |= Samples{1} << at;
                    const Samples next_column = at < 60 ? Samples{15} << (at / 4 * 4 + 4) : 0;
                    todo |= next_column & uncoded;
                    runs &= ~next_column;
                }
                significant_[here] = significant;
            }
        }
        *decoder = decisions;
    }

    // Samples of a set that have a significant neighbour.
    HDGPU_INLINE Samples near_significant(std::size_t set) const {
        const auto beside = [this](std::size_t at) {
            const Samples here = significant_[at];
            return here << 4 | here >> 4 | significant_[at - 1] >> 60 | significant_[at + 1] << 60;
        };
        const std::size_t above = set - pitch_, below = set + pitch_;
        const Samples sides = beside(set), here = sides | significant_[set];
        const Samples upper = beside(above) | significant_[above], lower = beside(below) | significant_[below];
        return sides | (here & ~last_rows) << 1 | (here & ~first_rows) >> 1 | (upper & last_rows) >> 3 |
               (lower & first_rows) << 3;
    }

    // The sign (D.3.2), the coefficient so far, and the news of it to the neighbours.
    HDGPU_INLINE void become_significant(
        ArithmeticDecoder* decisions, std::size_t sample, std::size_t row, unsigned plane) {
        Neighbours* const here = neighbours_ + sample;
        const unsigned context = sign_contexts[*here >> 4 & any];
        const std::uint32_t sign = decisions->decide(context & 0x7F) ^ context >> 7;
        coefficients_[sample] = sign << 31 | std::uint32_t{3} << plane >> 1;
        const auto tell = [sign](Neighbours* one, unsigned place) {
            *one = static_cast<Neighbours>(*one | place | (place & 0xF0) << 4 * sign);
        };
        Neighbours *const upper = here - to_above_[row], *const lower = here + to_above_[3 - row];
        tell(upper - 4, below_right);
        tell(upper, below);
        tell(upper + 4, below_left);
        tell(here - 4, right);
        tell(here + 4, left);
        tell(lower - 4, above_right);
        tell(lower, above);
        tell(lower + 4, above_left);
    }

    // Around the block there is a stripe, a column and a set more on each side, so that its edge is no special case.
    // Blocks as tall as can be are four columns wide, and need the most.
    static constexpr unsigned most_sets = (tallest_block / 4 + 2) * (1 + 2);
    static constexpr unsigned most_samples = (tallest_block / 4 + 2) * (largest_block / tallest_block + 2) * 4;

    const unsigned char* zero_contexts_;
    unsigned width_, stripes_, sets_, pitch_, column_pitch_;
    unsigned to_above_[4];  // from a sample of each row back to the one above; read backwards, forth to the one below
    Samples last_rows_, last_columns_;  // of the last stripe, and of its last set
    Samples significant_[most_sets];
    Samples refined_[most_sets];  // at least once
    Samples coded_[most_sets];  // by the last significance propagation pass
    Neighbours neighbours_[most_samples];
    std::uint32_t coefficients_[most_samples];  // sign and magnitude, in the order of coding, the lowest bit one half
};

}  // namespace hdgpu::jpeg2000
