// Context labels of JPEG 2000 (ITU-T T.800 D.3): what is known of a sample's neighbours, to the context of a decision.
#pragma once

#include <array>
#include <cstdint>

namespace hdgpu::jpeg2000 {

enum class Band : unsigned char { ll, hl, lh, hh };

// The first labels of their kinds (Tables D.1 to D.5).
constexpr unsigned first_sign_context = 9, first_magnitude_context = 14, run_context = 17, uniform_context = 18;
constexpr unsigned contexts = 19;

// What a sample knows of its neighbours: which of them are significant, the diagonal ones in bits 0 to 3, those above,
// below, left and right in bits 4 to 7, and in the four bits after those which of the latter are negative.
using Neighbours = std::uint16_t;
constexpr unsigned above_left = 1, above_right = 2, below_left = 4, below_right = 8;
constexpr unsigned above = 0x10, below = 0x20, left = 0x40, right = 0x80, any = 0xFF;

constexpr unsigned zero_context(unsigned horizontal, unsigned vertical, unsigned diagonal, Band band) {  // Table D.1
    if (band == Band::hh) {
        const unsigned straight = horizontal + vertical;
        if (diagonal >= 3) return 8;
        if (diagonal == 2) return straight ? 7 : 6;
        return diagonal * 3 + (straight > 2 ? 2 : straight);
    }
    if (band == Band::hl) {
        const unsigned swapped = horizontal;
        horizontal = vertical;
        vertical = swapped;
    }
    if (horizontal == 2) return 8;
    if (horizontal == 1) return vertical ? 7 : diagonal ? 6 : 5;
    return vertical ? 2 + vertical : diagonal > 2 ? 2 : diagonal;
}

using Labels = std::array<unsigned char, 256>;

constexpr Labels make_zero_contexts(Band band) {
    Labels labels{};
    for (unsigned bits = 0; bits < labels.size(); ++bits) {
        const auto has = [bits](unsigned neighbour) { return bits & neighbour ? 1u : 0u; };
        const unsigned diagonal = has(above_left) + has(above_right) + has(below_left) + has(below_right);
        labels[bits] = static_cast<unsigned char>(
            zero_context(has(left) + has(right), has(above) + has(below), diagonal, band));
    }
    return labels;
}

constexpr Labels zero_contexts[4] = {make_zero_contexts(Band::ll), make_zero_contexts(Band::hl),
                                     make_zero_contexts(Band::lh), make_zero_contexts(Band::hh)};

// By bits 4 to 11 of the neighbours: the label, and in bit 7 whether the decision is inverted (Tables D.2 and D.3).
constexpr Labels make_sign_contexts() {
    Labels labels{};
    for (unsigned bits = 0; bits < labels.size(); ++bits) {
        const unsigned known = bits << 4;
        const auto sign = [known](unsigned one) { return known & one ? (known & one << 4 ? -1 : 1) : 0; };
        const auto clip = [](int sum) { return sum > 1 ? 1 : sum < -1 ? -1 : sum; };
        int horizontal = clip(sign(left) + sign(right)), vertical = clip(sign(above) + sign(below));
        const bool inverted = horizontal < 0 || (horizontal == 0 && vertical < 0);
        if (inverted) {
            horizontal = -horizontal;
            vertical = -vertical;
        }
        const unsigned label = first_sign_context + static_cast<unsigned>(horizontal ? 3 + vertical : vertical);
        labels[bits] = static_cast<unsigned char>(label | (inverted ? 0x80 : 0));
    }
    return labels;
}

constexpr Labels sign_contexts = make_sign_contexts();

}  // namespace hdgpu::jpeg2000
