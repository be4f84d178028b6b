// The samples of a JPEG-LS scan (T.87 A), line by line.
//
// Noise takes regular mode for nearly every sample, and each sample waits for the one before: its context depends on
// it.  What counts is therefore the way from one sample to the next, and branches that cannot be foreseen.  There are
// none; and on that way are the look-up of one region, that of the context's k and bias, and what the code makes of
// them.  All else is done before (what the line above says of the context) or beside it (update, place of the next code).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpegls_bits.hpp"
#include "jpegls_codestream.hpp"
#include "jpegls_context.hpp"
#include "jpegls_regions.hpp"

namespace hdgpu::jpegls {

// J: the order of codes for lengths of runs (A.2.1)
constexpr unsigned char run_orders[32] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,  2,  3,  3,  3,  3,
                                          4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// A.4: the median of Ra, Rb and Ra + Rb - Rc, corrected.  Without a branch, where the compiler makes one of a minimum and
// a maximum of the same.
inline std::int64_t predict(std::int64_t left, std::int64_t top, std::int64_t corner, std::int64_t bias,
                            std::int64_t maxval) {
    const std::int64_t step = top - left, fall = step & (step >> 63);
    const std::int64_t median = std::min(std::max(left + top - corner, left + fall), top - fall);
    return std::min(std::max(median + bias, std::int64_t{0}), maxval);
}

class ScanDecoder {
public:
    void begin(const Header& header, const ScanBits& bits) {
        region_table_.build(header);
        line_contexts_.begin(header);
        columns_ = header.columns;
        maxval_ = header.maxval;
        reset_ = header.reset;
        precision_ = header.precision;
        limit_ = 2 * (precision_ + std::max(8u, precision_));
        data_ = bits.data();
        size_ = bits.size();
        place_ = 0;
        run_index_ = 0;
        const int sum = initial_sum(maxval_);
        std::fill(contexts_, contexts_ + regular_contexts, Context(sum));
        std::fill(run_contexts_, run_contexts_ + 2, RunContext{sum, 1, 0});
        lines_.assign(2 * (columns_ + 2), 0);
        line_ = lines_.data() + 1;
        above_ = line_ + columns_ + 2;
    }

    // The next line, or null where the bits are not those of one.
    const std::uint16_t* next_line() {
        std::swap(line_, above_);
        above_[columns_] = above_[columns_ - 1];  // Rd of the last sample
        line_[-1] = above_[0];                    // Ra of the first one, and Rc of the next line's
        return decode_line() ? line_ : nullptr;
    }

    // Whether nothing is left but the zeros that fill the last byte, or the one after FF.  No line ends after the scan.
    bool at_end() const { return size_ - place_ < 8 && window_at(data_, place_) == 0; }

    std::size_t memory() const {
        return region_table_.memory() + line_contexts_.memory() + lines_.capacity() * sizeof(std::uint16_t);
    }

private:
    bool decode_line() {
        line_contexts_.find(above_);
        const std::int16_t *const offsets = line_contexts_.offsets(), *const signs = line_contexts_.signs();
        const signed char* const upright = region_table_.upright();
        const std::ptrdiff_t to_mirrored = region_table_.to_mirrored();
        char* const contexts = reinterpret_cast<char*>(contexts_);
        const std::uint16_t* const above = above_;
        std::uint16_t* const line = line_;
        const std::size_t columns = columns_;
        const unsigned char* const data = data_;
        std::uint64_t place = place_;
        const std::int64_t maxval = maxval_;
        const int reset = reset_;
        std::int64_t left = line[-1], corner = above[-1];  // Ra, Rc
        for (std::size_t x = 0; x < columns; ++x) {
            const std::int64_t top = above[x];  // Rb
            const std::ptrdiff_t offset = offsets[x];
            std::int64_t sign = signs[x];
            if (offset == 0) {
                const std::int64_t region = upright[corner - left];
                if (region == 0) {
                    place_ = place;
                    if (!decode_run(&x)) return false;
                    place = place_;
                    if (x == columns) break;
                    left = line[x];
                    corner = above[x];
                    continue;
                }
                sign = region >> 63;
            }
            // Tables of Rc - Ra for both signs, so that Ra needs but be added.  Without an obstacle the compiler puts
            // off to after Ra what could be added before.
            const signed char* regions = upright + (~sign & to_mirrored) - corner;
            char* near_context = contexts + offset;
            asm("" : "+r"(regions), "+r"(near_context));
            Context& context = *reinterpret_cast<Context*>(near_context + regions[left]);

            const UsualCode code(data, place);
            const auto shift = static_cast<unsigned>(context.shift);
            std::uint64_t mapped = code.value(shift);
            if (code.is_usual()) {
                place += code.length(shift);
            } else {
                place_ = place;
                if (!read_code(context.k(), limit_, &mapped)) return false;
                place = place_;
            }
            if (mapped > static_cast<std::uint64_t>(maxval)) return false;
            const auto value = static_cast<std::int64_t>(mapped ^ context.inverted());
            const std::int64_t error = (value >> 1) ^ -(value & 1);  // the inverse of A.5.2

            const std::int64_t predicted = predict(left, top, corner, (context.bias ^ sign) - sign, maxval);
            left = (predicted + ((error ^ sign) - sign)) & maxval;
            line[x] = static_cast<std::uint16_t>(left);
            context.update(static_cast<std::int32_t>(error), static_cast<std::int32_t>((value + 1) >> 1), reset);
            corner = top;
        }
        place_ = place;
        return place_ <= size_;
    }

    // A code of any length (A.5.3).
    bool read_code(unsigned k, unsigned limit, std::uint64_t* value) {
        if (place_ >= size_) return false;
        const unsigned zeros = leading_zeros(window_at(data_, place_));
        const unsigned escape = limit - precision_ - 1;
        if (zeros > escape) return false;
        place_ += zeros + 1;
        *value = zeros == escape ? read_bits(precision_) + 1 : (std::uint64_t{zeros} << k) + read_bits(k);
        return true;
    }

    std::uint64_t read_bits(unsigned count) {
        const std::uint64_t bits = window_at(data_, place_) >> 1 >> (63 - count);
        place_ += count;
        return bits;
    }

    // Run mode (A.7) from `*x` on, with the sample that ends the run unless the line does; `*x` is then that sample.
    bool decode_run(std::size_t* x) {
        const std::size_t start = *x;
        const std::uint16_t value = line_[static_cast<std::ptrdiff_t>(start) - 1];
        std::size_t end = start;
        while (true) {
            if (place_ >= size_) return false;
            const unsigned order = run_orders[run_index_];
            const std::size_t left = columns_ - end;
            if (read_bits(1) == 0) {
                const auto length = static_cast<std::size_t>(read_bits(order));
                if (length >= left) return false;
                end += length;
                break;
            }
            const std::size_t length = std::size_t{1} << order;
            if (length <= left && run_index_ < 31) ++run_index_;
            if (length >= left) {
                std::fill(line_ + start, line_ + columns_, value);
                *x = columns_;
                return true;
            }
            end += length;
        }
        std::fill(line_ + start, line_ + end, value);
        *x = end;
        return decode_interruption(end);
    }

    bool decode_interruption(std::size_t x) {  // A.7.2
        const std::int32_t left = line_[static_cast<std::ptrdiff_t>(x) - 1], top = above_[x];
        const int type = left == top;
        RunContext& context = run_contexts_[type];
        const unsigned k = context.k(type);
        const unsigned limit = limit_ - run_orders[run_index_] - 1;
        if (run_index_ > 0) --run_index_;
        std::uint64_t mapped;
        if (!read_code(k, limit, &mapped) || mapped > static_cast<std::uint64_t>(maxval_) + 1) return false;
        const auto code = static_cast<std::int32_t>(mapped) + type;
        const std::int32_t magnitude = (code + 1) >> 1;
        const bool negative = (k != 0 || 2 * context.negative >= context.count) == ((code & 1) != 0);
        if (magnitude > maxval_ / 2 + negative) return false;
        const std::int32_t error = negative != (type == 0 && left > top) ? -magnitude : magnitude;
        line_[x] = static_cast<std::uint16_t>((top + error) & maxval_);
        context.update(negative && magnitude, (code + 1 - 2 * type) >> 1, reset_);
        return true;
    }

    Context contexts_[regular_contexts];
    RunContext run_contexts_[2];
    RegionTable region_table_;
    LineContexts line_contexts_;
    std::vector<std::uint16_t> lines_;
    std::uint16_t *line_ = nullptr, *above_ = nullptr;
    const unsigned char* data_ = nullptr;
    std::uint64_t size_ = 0, place_ = 0;  // in bits
    std::size_t columns_ = 0;
    std::int32_t maxval_ = 0;
    int reset_ = 0;
    unsigned precision_ = 0, limit_ = 0, run_index_ = 0;
};

}  // namespace hdgpu::jpegls
