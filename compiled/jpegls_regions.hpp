// Which context a sample has: the regions that its three gradients are in (T.87 A.3).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "jpegls_codestream.hpp"
#include "jpegls_context.hpp"

namespace hdgpu::jpegls {

constexpr int context_bytes = sizeof(Context);  // contexts are told apart by their offsets in bytes

// The regions of all differences of two samples, -4 to 4, as offsets of contexts.
class RegionTable {
public:
    void build(const Header& header) {
        if (maxval_ == header.maxval && std::equal(thresholds_, thresholds_ + 3, header.thresholds)) return;
        maxval_ = header.maxval;
        std::copy(header.thresholds, header.thresholds + 3, thresholds_);
        table_.resize(4 * static_cast<std::size_t>(maxval_) + 2);
        signed char* const upright = table_.data() + maxval_;
        for (int difference = -maxval_; difference <= maxval_; ++difference) {
            const int size = std::abs(difference);
            const int region = (size > 0) + (size >= thresholds_[0]) + (size >= thresholds_[1]) + (size >= thresholds_[2]);
            upright[difference] = static_cast<signed char>(context_bytes * (difference < 0 ? -region : region));
            upright[difference + to_mirrored()] = static_cast<signed char>(-upright[difference]);
        }
    }

    // To be indexed with a difference.
    const signed char* upright() const { return table_.data() + maxval_; }
    // From there to a table that is to be indexed with a difference that was taken the other way round.
    std::ptrdiff_t to_mirrored() const { return 2 * std::ptrdiff_t{maxval_} + 1; }

    std::size_t memory() const { return table_.capacity(); }

private:
    int maxval_ = 0, thresholds_[3] = {0, 0, 0};
    std::vector<signed char> table_;
};

// What the line above says of the contexts of a line: two of the three regions.  Contexts of opposite signs are one, and
// the sign is known without the third region unless both of these are zero.  The compiler makes eight of them at once.
class LineContexts {
public:
    void begin(const Header& header) {
        std::copy(header.thresholds, header.thresholds + 3, thresholds_);
        regions_.resize(std::size_t{header.columns} + 1);
        offsets_.resize(header.columns);
        signs_.resize(header.columns);
    }

    // `above` has one sample more on each side.
    void find(const std::uint16_t* above) {
        const std::uint16_t t1 = thresholds_[0], t2 = thresholds_[1], t3 = thresholds_[2];
        const std::size_t columns = offsets_.size();
        std::int16_t* const regions = regions_.data();
        for (std::size_t x = 0; x <= columns; ++x) {
            const std::uint16_t right = above[x], left = above[static_cast<std::ptrdiff_t>(x) - 1];
            const auto size = static_cast<std::uint16_t>(std::max(left, right) - std::min(left, right));
            const auto region = static_cast<std::int16_t>((size > 0) + (size >= t1) + (size >= t2) + (size >= t3));
            regions[x] = static_cast<std::int16_t>(right < left ? -region : region);
        }
        std::int16_t *const offsets = offsets_.data(), *const signs = signs_.data();
        for (std::size_t x = 0; x < columns; ++x) {
            const auto both = static_cast<std::int16_t>(81 * regions[x + 1] + 9 * regions[x]);
            signs[x] = static_cast<std::int16_t>(both >> 15);
            offsets[x] = static_cast<std::int16_t>(((both ^ signs[x]) - signs[x]) * context_bytes);
        }
    }

    const std::int16_t* offsets() const { return offsets_.data(); }
    const std::int16_t* signs() const { return signs_.data(); }  // -1 or 0

    std::size_t memory() const {
        return (regions_.capacity() + offsets_.capacity() + signs_.capacity()) * sizeof(std::int16_t);
    }

private:
    std::uint16_t thresholds_[3] = {0, 0, 0};
    std::vector<std::int16_t> regions_, offsets_, signs_;
};

}  // namespace hdgpu::jpegls
