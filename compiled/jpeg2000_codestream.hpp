// Marker segments of a JPEG 2000 codestream (ITU-T T.800 A): the main header and the tile-parts.
//
// Contract: true only for a codestream that consists of nothing but SOC, SIZ, COD, QCD and comments, and of tile-parts
// with comments and lengths of packets alone in their headers, whose own lengths lead exactly to EOC, all of them there
// and in order; and only for what jpeg2000.hpp decodes: the reversible 5-3 wavelet, no code-block style, and components
// that are alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg2000_blocks.hpp"

namespace hdgpu::jpeg2000 {

struct Area {  // from x0, y0 to before x1, y1
    std::uint32_t x0, y0, x1, y1;
    std::uint32_t width() const { return x1 - x0; }
    std::uint32_t height() const { return y1 - y0; }
    bool empty() const { return x0 >= x1 || y0 >= y1; }
};

enum class Progression : unsigned char { lrcp, rlcp, rpcl, pcrl, cprl };

constexpr unsigned most_levels = 15, most_components = 3, most_tiles = 65535;

struct Header {
    Area image;
    std::uint32_t tile_x0, tile_y0, tile_width, tile_height;
    unsigned components, precision;
    bool is_signed;
    // COD (A.6.1)
    bool may_have_sop, has_eph, colour_transform;
    Progression progression;
    unsigned layers, levels;
    unsigned block_width, block_height;                                            // as powers of two
    unsigned char precinct_width[most_levels + 1], precinct_height[most_levels + 1];  // likewise
    // QCD (A.6.4): for each sub-band the number of bit-planes that its blocks can have (E-2)
    unsigned char planes[3 * most_levels + 1];

    std::uint32_t tiles_across() const { return (image.x1 - tile_x0 - 1) / tile_width + 1; }
    std::uint32_t tiles_down() const { return (image.y1 - tile_y0 - 1) / tile_height + 1; }
};

struct Bytes {
    const unsigned char* data;
    std::size_t size;
};

struct TilePart {
    std::uint32_t tile;
    Bytes packets;
};

class CodestreamReader {
public:
    explicit CodestreamReader(Bytes bytes) : data_(bytes.data), size_(bytes.size) {}

    bool main_header(Header* header) {
        if (size_ < 4 || word16(0) != soc || word16(2) != siz) return false;
        at_ = 2;
        bool has_cod = false, has_qcd = false;
        for (bool first = true;; first = false) {
            if (!has(4)) return false;
            const unsigned marker = word16(at_);
            if (marker == sot) break;
            const std::size_t length = word16(at_ + 2);
            if (length < 2 || !has(2 + length)) return false;
            const Bytes segment{data_ + at_ + 4, length - 2};
            if (marker == siz) {
                if (!first || !read_siz(segment, header)) return false;
            } else if (marker == cod) {
                if (has_cod || !read_cod(segment, header)) return false;
                has_cod = true;
            } else if (marker == qcd) {
                if (!has_cod || has_qcd || !read_qcd(segment, header)) return false;
                has_qcd = true;
            } else if (marker != comment) {
                return false;
            }
            at_ += 2 + length;
        }
        return has_cod && has_qcd;
    }

    // The tile-parts as they come; those of each tile are in order and complete.
    bool tile_parts(const Header& header, std::vector<TilePart>* parts) {
        const std::uint32_t tiles = header.tiles_across() * header.tiles_down();
        struct Progress {
            unsigned seen = 0, announced = 0;
        };
        std::vector<Progress> progress(tiles);
        parts->clear();
        while (true) {
            if (!has(2)) return false;
            if (word16(at_) == eoc) break;
            if (!has(14) || word16(at_) != sot || word16(at_ + 2) != 10) return false;
            const std::uint32_t tile = word16(at_ + 4);
            const std::size_t length = word32(at_ + 6);
            const unsigned part = data_[at_ + 10], count = data_[at_ + 11];
            if (tile >= tiles || length < 14 || !has(length)) return false;
            Progress& one = progress[tile];
            if (part != one.seen || (count && one.announced && count != one.announced)) return false;
            ++one.seen;
            if (count) one.announced = count;
            if (one.announced && one.seen > one.announced) return false;
            const std::size_t end = at_ + length;
            at_ += 12;
            while (true) {  // the tile-part's header, up to SOD
                if (end - at_ < 2) return false;
                const unsigned marker = word16(at_);
                at_ += 2;
                if (marker == sod) break;
                if ((marker != comment && marker != plt) || end - at_ < 2) return false;
                const std::size_t segment = word16(at_);
                if (segment < 2 || segment > end - at_) return false;
                // A list of packets' lengths (A.7.3) is not needed, and whole if its last byte ends a length.
                if (marker == plt && (segment < 4 || data_[at_ + segment - 1] > 0x7F)) return false;
                at_ += segment;
            }
            parts->push_back({tile, {data_ + at_, end - at_}});
            at_ = end;
        }
        for (const Progress& one : progress) {
            if (one.seen == 0 || (one.announced && one.seen != one.announced)) return false;
        }
        return true;
    }

private:
    static constexpr unsigned soc = 0xFF4F, siz = 0xFF51, cod = 0xFF52, qcd = 0xFF5C, plt = 0xFF58, comment = 0xFF64,
                              sot = 0xFF90, sod = 0xFF93, eoc = 0xFFD9;

    bool has(std::size_t length) const { return length <= size_ - at_; }
    unsigned word16(std::size_t at) const { return big_endian_16(data_ + at); }
    std::uint32_t word32(std::size_t at) const { return big_endian_32(data_ + at); }
    static unsigned big_endian_16(const unsigned char* bytes) { return bytes[0] << 8 | bytes[1]; }
    static std::uint32_t big_endian_32(const unsigned char* bytes) {
        return static_cast<std::uint32_t>(big_endian_16(bytes)) << 16 | big_endian_16(bytes + 2);
    }

    static bool read_siz(Bytes segment, Header* header) {  // A.5.1
        if (segment.size < 36 || big_endian_16(segment.data) & 0xC000) return false;  // needs Part 2 or 15
        const auto field = [&](int index) { return big_endian_32(segment.data + 2 + 4 * index); };
        header->image = {field(2), field(3), field(0), field(1)};
        header->tile_width = field(4);
        header->tile_height = field(5);
        header->tile_x0 = field(6);
        header->tile_y0 = field(7);
        header->components = big_endian_16(segment.data + 34);
        if (header->components < 1 || header->components > most_components) return false;
        if (segment.size != 36 + std::size_t{3} * header->components) return false;
        const unsigned depth = segment.data[36];
        header->precision = (depth & 0x7F) + 1;
        header->is_signed = depth >> 7;
        for (unsigned i = 0; i < header->components; ++i) {
            const unsigned char* component = segment.data + 36 + 3 * i;
            if (component[0] != depth || component[1] != 1 || component[2] != 1) return false;
        }
        return header->precision <= 16 && valid_tiles(*header);
    }

    static bool valid_tiles(const Header& header) {  // B.3
        const Area& image = header.image;
        // Coordinates of 31 bits can be added without a thought.
        constexpr std::uint32_t limit = std::uint32_t{1} << 31;
        if (image.empty() || image.x1 >= limit || image.y1 >= limit) return false;
        if (!header.tile_width || !header.tile_height || header.tile_width >= limit || header.tile_height >= limit) {
            return false;
        }
        if (header.tile_x0 > image.x0 || header.tile_y0 > image.y0) return false;
        if (header.tile_x0 + header.tile_width <= image.x0) return false;
        if (header.tile_y0 + header.tile_height <= image.y0) return false;
        return std::uint64_t{header.tiles_across()} * header.tiles_down() <= most_tiles;
    }

    static bool read_cod(Bytes segment, Header* header) {  // A.6.1
        if (segment.size < 10) return false;
        const unsigned char* fields = segment.data;
        if (fields[0] > 7) return false;
        const bool has_precincts = fields[0] & 1;
        header->may_have_sop = fields[0] & 2;
        header->has_eph = fields[0] & 4;
        if (fields[1] > 4) return false;
        header->progression = static_cast<Progression>(fields[1]);
        header->layers = big_endian_16(fields + 2);
        if (header->layers == 0 || fields[4] > 1) return false;
        header->colour_transform = fields[4];
        if (header->colour_transform && header->components != 3) return false;
        header->levels = fields[5];
        if (header->levels > most_levels || fields[6] > 4 || fields[7] > 8) return false;
        header->block_width = fields[6] + 2u;
        header->block_height = fields[7] + 2u;
        if (header->block_width + header->block_height > 12) return false;
        if (fields[8] != 0 || fields[9] != 1) return false;  // code-block style, 9-7 wavelet
        if (segment.size != 10 + (has_precincts ? header->levels + std::size_t{1} : 0)) return false;
        for (unsigned level = 0; level <= header->levels; ++level) {
            const unsigned size = has_precincts ? fields[10 + level] : 0xFF;
            header->precinct_width[level] = size & 15;
            header->precinct_height[level] = static_cast<unsigned char>(size >> 4);
            if (level && (!(size & 15) || !(size >> 4))) return false;
        }
        return true;
    }

    static bool read_qcd(Bytes segment, Header* header) {  // A.6.4
        const std::size_t bands = 3 * std::size_t{header->levels} + 1;
        if (segment.size != 1 + bands || (segment.data[0] & 0x1F) != 0) return false;
        const unsigned guard = segment.data[0] >> 5;
        for (std::size_t band = 0; band < bands; ++band) {
            const unsigned planes = guard + (segment.data[1 + band] >> 3);  // one more than there are
            if (planes < 2 || planes - 1 > most_bit_planes || (segment.data[1 + band] & 7)) return false;
            header->planes[band] = static_cast<unsigned char>(planes - 1);
        }
        return true;
    }

    const unsigned char* data_;
    const std::size_t size_;
    std::size_t at_ = 0;
};

}  // namespace hdgpu::jpeg2000
