// The inverse of the reversible 5-3 wavelet (ITU-T T.800 F.3), one resolution level at a time.
//
// Contract: the integers of the standard; those that exceed 32 bits, which no encoder makes, wrap around.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg2000_tile.hpp"

namespace hdgpu::jpeg2000 {

inline std::int32_t add(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

inline std::int32_t subtract(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}

inline std::int32_t lifted_low(std::int32_t low, std::int32_t before, std::int32_t after) {  // F-5
    return subtract(low, add(add(before, after), 2) >> 2);
}

inline std::int32_t lifted_high(std::int32_t high, std::int32_t before, std::int32_t after) {  // F-6
    return add(high, add(before, after) >> 1);
}

// A line of `lows` and `highs` coefficients, low ones at even coordinates; `odd` tells that it begins at an odd one.
// `even` has room for the low ones.
inline void synthesize_line(const std::int32_t* low, const std::int32_t* high, std::size_t lows, std::size_t highs,
                            bool odd, std::int32_t* even, std::int32_t* out) {
    if (lows + highs == 1) {
        out[0] = odd ? high[0] / 2 : low[0];
        return;
    }
    // Beyond the ends the line is mirrored, which is to say that the last neighbour stands in for the missing one.
    const std::size_t first = odd ? 0 : 1;                            // low coefficients with a high one on either side
    const std::size_t last = std::min(lows, highs - (odd ? 1 : 0));
    const std::int32_t* const after = high + (odd ? 1 : 0);
    if (!odd) even[0] = lifted_low(low[0], high[0], high[0]);
    for (std::size_t i = first; i < last; ++i) even[i] = lifted_low(low[i], after[i - 1], after[i]);
    const std::int32_t mirrored = high[highs - 1];
    for (std::size_t i = std::max(first, last); i < lows; ++i) even[i] = lifted_low(low[i], mirrored, mirrored);
    if (odd) {
        out[0] = lifted_high(high[0], even[0], even[0]);
        ++high;
        --highs;
        ++out;
    }
    const std::size_t inner = std::min(highs, lows - 1);
    for (std::size_t i = 0; i < inner; ++i) {
        out[2 * i] = even[i];
        out[2 * i + 1] = lifted_high(high[i], even[i], even[i + 1]);
    }
    out[2 * inner] = even[inner];
    if (inner < highs) out[2 * inner + 1] = lifted_high(high[inner], even[inner], even[inner]);
}

// The next higher resolution from the low one and the three sub-bands that are its details.
class Synthesis {
public:
    // `low` and `out` have rows that are as long as their areas are wide; `coefficients` are the tile-component's.
    void run(const std::int32_t* low, const std::int32_t* coefficients, const SubBand* details, const Area& area,
             std::int32_t* out) {
        const SubBand &hl = details[0], &lh = details[1], &hh = details[2];
        const std::size_t lows = lh.area.width(), highs = hl.area.width(), width = area.width();
        const std::size_t low_rows = hl.area.height(), high_rows = lh.area.height();
        const bool odd_x = area.x0 & 1, odd_y = area.y0 & 1;
        even_.resize(lows);
        for (std::size_t row = 0; row < low_rows; ++row) {
            synthesize_line(low + row * lows, coefficients + hl.offset + row * highs, lows, highs, odd_x, even_.data(),
                            out + (2 * row + odd_y) * width);
        }
        for (std::size_t row = 0; row < high_rows; ++row) {
            synthesize_line(coefficients + lh.offset + row * lows, coefficients + hh.offset + row * highs, lows, highs,
                            odd_x, even_.data(), out + (2 * row + !odd_y) * width);
        }
        synthesize_columns(out, width, low_rows + high_rows, odd_y);
    }

private:
    // Rows in their places, each lifted by the ones above and below it: the low ones first, a step ahead of the others.
    static void synthesize_columns(std::int32_t* out, std::size_t width, std::size_t rows, bool odd) {
        if (rows == 1) {
            for (std::size_t i = 0; odd && i < width; ++i) out[i] /= 2;
            return;
        }
        const auto mirrored = [rows](std::size_t row, bool forward) {
            if (forward) return row + 1 < rows ? row + 1 : row - 1;
            return row > 0 ? row - 1 : row + 1;
        };
        const auto lift = [&](std::size_t row, auto step) {
            std::int32_t* const line = out + row * width;
            const std::int32_t* const before = out + mirrored(row, false) * width;
            const std::int32_t* const after = out + mirrored(row, true) * width;
            for (std::size_t i = 0; i < width; ++i) line[i] = step(line[i], before[i], after[i]);
        };
        const std::size_t first_low = odd ? 1 : 0;
        for (std::size_t row = first_low; row < rows; row += 2) {
            lift(row, lifted_low);
            if (row > first_low || odd) lift(row - 1, lifted_high);
        }
        if ((rows - first_low) % 2 == 0) lift(rows - 1, lifted_high);
    }

    std::vector<std::int32_t> even_;
};

}  // namespace hdgpu::jpeg2000
