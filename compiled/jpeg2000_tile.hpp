// How a tile of JPEG 2000 is cut up (ITU-T T.800 B): resolution levels, sub-bands, precincts and code-blocks.
//
// All components are alike here, so one of them stands for all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg2000_codestream.hpp"

namespace hdgpu::jpeg2000 {

struct SubBand {
    Band kind;
    Area area;  // in its own coordinates (B-15)
    unsigned planes;
    std::size_t offset;  // of its coefficients among the tile-component's; its rows are not padded
};

struct Resolution {
    Area area;
    unsigned first_band, bands;
    std::uint32_t across, down;  // precincts
    std::size_t first_precinct;
};

struct CodeBlock {
    std::size_t offset;  // of its first coefficient among the tile-component's
    std::uint32_t pitch;
    std::uint16_t width, height;
    Band kind;
    unsigned char most_planes;
    // What the packets say of it:
    bool included;
    unsigned char planes, passes, length_bits;
    std::uint32_t first_chunk, last_chunk;
};

struct TagNode {  // B.10.2
    std::uint32_t parent, low, value;
};

constexpr std::uint32_t unknown = 0xFFFFFFFF;

struct PrecinctBand {  // the code-blocks of one sub-band in one precinct, and their tag trees
    std::size_t first_block;
    std::uint32_t across, down;
    std::size_t inclusion, zero_planes;  // first node of each tree, its leaf of the first block
};

struct Precinct {
    std::uint64_t x, y;  // where position progressions meet it, on the reference grid (B.12.1.3)
    unsigned bands;
    PrecinctBand band[3];
};

struct TileComponent {
    Area area;
    std::vector<SubBand> bands;
    std::vector<Resolution> resolutions;
    std::vector<Precinct> precincts;
    std::vector<CodeBlock> blocks;
    std::vector<TagNode> nodes;

    // False if there are more parts than any image needs.
    bool build(const Header& header, const Area& tile) {
        area = tile;
        bands.clear();
        resolutions.clear();
        precincts.clear();
        blocks.clear();
        nodes.clear();
        std::size_t offset = 0;
        for (unsigned level = 0; level <= header.levels; ++level) {
            const unsigned below = header.levels - level;  // decompositions from the tile down to this resolution
            Resolution one{part(tile, below, 0, 0), static_cast<unsigned>(bands.size()), level ? 3u : 1u, 0, 0, 0};
            for (unsigned i = 0; i < one.bands; ++i) {
                const Band kind = level ? static_cast<Band>(i + 1) : Band::ll;
                const Area band = level ? part(tile, below + 1, (i + 1) & 1, (i + 1) >> 1) : one.area;
                bands.push_back({kind, band, header.planes[bands.size()], offset});
                offset += std::size_t{band.width()} * band.height();
            }
            if (!add_precincts(header, level, tile, &one)) return false;
            resolutions.push_back(one);
        }
        return true;
    }

private:
    static constexpr std::size_t most_parts = std::size_t{1} << 18;

    // What `decompositions` leave of the tile: of their last step's low or high halves (B-14, B-15).
    static Area part(const Area& tile, unsigned decompositions, unsigned high_x, unsigned high_y) {
        const auto divide = [decompositions](std::uint32_t at, unsigned high) {
            if (decompositions == 0) return at;
            const std::uint32_t half = high << (decompositions - 1);
            return at <= half ? 0 : static_cast<std::uint32_t>(ceil_shift(at - half, decompositions));
        };
        return {divide(tile.x0, high_x), divide(tile.y0, high_y), divide(tile.x1, high_x), divide(tile.y1, high_y)};
    }

    static std::uint64_t ceil_shift(std::uint64_t value, unsigned shift) {
        return (value + (std::uint64_t{1} << shift) - 1) >> shift;
    }

    bool add_precincts(const Header& header, unsigned level, const Area& tile, Resolution* resolution) {
        resolution->first_precinct = precincts.size();
        const Area& area = resolution->area;
        if (area.empty()) return true;
        const unsigned wide = header.precinct_width[level], high = header.precinct_height[level];
        const std::uint32_t first_x = area.x0 >> wide, first_y = area.y0 >> high;
        resolution->across = static_cast<std::uint32_t>(ceil_shift(area.x1, wide)) - first_x;
        resolution->down = static_cast<std::uint32_t>(ceil_shift(area.y1, high)) - first_y;
        if (std::uint64_t{resolution->across} * resolution->down > most_parts - precincts.size()) return false;
        const unsigned below = header.levels - level, halved = level ? 1 : 0;
        for (std::uint32_t row = 0; row < resolution->down; ++row) {
            for (std::uint32_t column = 0; column < resolution->across; ++column) {
                const std::uint64_t x = std::uint64_t{first_x} + column, y = std::uint64_t{first_y} + row;
                Precinct one{};
                one.x = x << wide < area.x0 ? tile.x0 : x << wide << below;
                one.y = y << high < area.y0 ? tile.y0 : y << high << below;
                one.bands = resolution->bands;
                for (unsigned i = 0; i < one.bands; ++i) {
                    const SubBand& band = bands[resolution->first_band + i];
                    const unsigned w = wide - halved, h = high - halved;
                    const Area within{
                        static_cast<std::uint32_t>(std::max<std::uint64_t>(x << w, band.area.x0)),
                        static_cast<std::uint32_t>(std::max<std::uint64_t>(y << h, band.area.y0)),
                        static_cast<std::uint32_t>(std::min<std::uint64_t>((x + 1) << w, band.area.x1)),
                        static_cast<std::uint32_t>(std::min<std::uint64_t>((y + 1) << h, band.area.y1))};
                    if (!add_blocks(band, within, header, &one.band[i])) return false;
                }
                precincts.push_back(one);
            }
        }
        return true;
    }

    // Blocks are no larger than their precinct (B-17, B-18), which is to say that it clips them.
    bool add_blocks(const SubBand& band, const Area& within, const Header& header, PrecinctBand* precinct) {
        const unsigned wide = header.block_width, high = header.block_height;
        *precinct = {blocks.size(), 0, 0, 0, 0};
        if (within.empty()) return true;
        const std::uint32_t first_x = within.x0 >> wide, first_y = within.y0 >> high;
        precinct->across = ((within.x1 - 1) >> wide) + 1 - first_x;
        precinct->down = ((within.y1 - 1) >> high) + 1 - first_y;
        if (std::uint64_t{precinct->across} * precinct->down > most_parts - blocks.size()) return false;
        for (std::uint32_t row = first_y; row < first_y + precinct->down; ++row) {
            for (std::uint32_t column = first_x; column < first_x + precinct->across; ++column) {
                const std::uint32_t x0 = std::max(column << wide, within.x0), y0 = std::max(row << high, within.y0);
                const std::uint32_t x1 = std::min((column + 1) << wide, within.x1);
                const std::uint32_t y1 = std::min((row + 1) << high, within.y1);
                CodeBlock one{};
                one.pitch = band.area.width();
                one.offset = band.offset + std::size_t{y0 - band.area.y0} * one.pitch + (x0 - band.area.x0);
                one.width = static_cast<std::uint16_t>(x1 - x0);
                one.height = static_cast<std::uint16_t>(y1 - y0);
                one.kind = band.kind;
                one.most_planes = static_cast<unsigned char>(band.planes);
                one.length_bits = 3;
                blocks.push_back(one);
            }
        }
        precinct->inclusion = add_tree(precinct->across, precinct->down);
        precinct->zero_planes = add_tree(precinct->across, precinct->down);
        return true;
    }

    // Leaves first, then each level above them; the root is its own parent.
    std::size_t add_tree(std::uint32_t across, std::uint32_t down) {
        const std::size_t first = nodes.size();
        while (true) {
            const std::size_t above = nodes.size() + std::size_t{across} * down;
            const bool is_root = across == 1 && down == 1;
            const std::uint32_t above_across = (across + 1) / 2;
            for (std::uint32_t row = 0; row < down; ++row) {
                for (std::uint32_t column = 0; column < across; ++column) {
                    const std::size_t parent = above + std::size_t{row / 2} * above_across + column / 2;
                    nodes.push_back({static_cast<std::uint32_t>(is_root ? nodes.size() : parent), 0, unknown});
                }
            }
            if (is_root) return first;
            across = above_across;
            down = (down + 1) / 2;
        }
    }
};

}  // namespace hdgpu::jpeg2000
