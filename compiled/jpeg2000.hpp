// A frame of JPEG 2000, lossless and plain (ITU-T T.800): a codestream to stored values.
//
// Contract: true only if everything the codestream announces is there and adds up; then `out` has what any decoder that
// follows the standard makes of it.  What is taken is said in jpeg2000_codestream.hpp; besides, one component or three.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg2000_codestream.hpp"
#include "jpeg2000_packets.hpp"
#include "jpeg2000_threads.hpp"
#include "jpeg2000_tile.hpp"
#include "jpeg2000_wavelet.hpp"

namespace hdgpu::jpeg2000 {

struct Frame {  // what the data set announces, and where to put it
    std::uint32_t rows, columns;
    unsigned components;
    unsigned bytes;  // of a sample: 1 or 2
    bool is_signed;
    void* out;
};

class FrameDecoder {
public:
    // In as many threads as are allowed, and pay.
    bool decode(Bytes bytes, const Frame& frame, unsigned threads) {
        threads_ = threads;
        CodestreamReader reader(bytes);
        if (!reader.main_header(&header_) || !fits(frame) || !reader.tile_parts(header_, &parts_)) return false;
        const auto by_tile = [](const TilePart& a, const TilePart& b) { return a.tile < b.tile; };
        std::stable_sort(parts_.begin(), parts_.end(), by_tile);
        components_.resize(header_.components);
        planes_.resize(header_.components);
        for (std::size_t at = 0; at < parts_.size();) {
            std::size_t end = at + 1;
            while (end < parts_.size() && parts_[end].tile == parts_[at].tile) ++end;
            if (!decode_tile(parts_[at].tile, packets_of(at, end), frame)) return false;
            at = end;
        }
        return true;
    }

    // Bytes that are kept for the next frame.
    std::size_t memory() const {
        std::size_t samples = coefficients_.capacity() + low_[0].capacity() + low_[1].capacity();
        for (const auto& plane : planes_) samples += plane.capacity();
        std::size_t parts = joined_.capacity() + blocks_.memory() + parts_.capacity() * sizeof(TilePart) +
                            chunks_.capacity() * sizeof(Chunk);
        for (const TileComponent& one : components_) {
            parts += one.precincts.capacity() * sizeof(Precinct) + one.blocks.capacity() * sizeof(CodeBlock) +
                     one.nodes.capacity() * sizeof(TagNode);
        }
        return samples * sizeof(std::int32_t) + parts;
    }

private:
    bool fits(const Frame& frame) const {
        return header_.image.width() == frame.columns && header_.image.height() == frame.rows &&
               header_.components == frame.components && header_.precision <= 8 * frame.bytes &&
               // what colour of the other sign means, nobody knows
               (header_.components == 1 || header_.is_signed == frame.is_signed);
    }

    // Tile-parts of one tile, joined where there are several.
    Bytes packets_of(std::size_t at, std::size_t end) {
        if (end == at + 1) return parts_[at].packets;
        joined_.clear();
        for (; at < end; ++at) {
            joined_.insert(joined_.end(), parts_[at].packets.data, parts_[at].packets.data + parts_[at].packets.size);
        }
        return {joined_.data(), joined_.size()};
    }

    bool decode_tile(std::uint32_t number, Bytes packets, const Frame& frame) {
        const std::uint32_t across = header_.tiles_across();
        const auto clipped = [](std::uint32_t origin, std::uint32_t size, std::uint32_t place, std::uint32_t low,
                                std::uint32_t high) {
            const std::uint64_t start = origin + std::uint64_t{size} * place;
            return std::make_pair(static_cast<std::uint32_t>(std::max<std::uint64_t>(start, low)),
                                  static_cast<std::uint32_t>(std::min<std::uint64_t>(start + size, high)));
        };
        const Area& image = header_.image;
        const auto x = clipped(header_.tile_x0, header_.tile_width, number % across, image.x0, image.x1);
        const auto y = clipped(header_.tile_y0, header_.tile_height, number / across, image.y0, image.y1);
        const Area tile{x.first, y.first, x.second, y.second};
        if (tile.empty()) return false;
        if (!components_[0].build(header_, tile)) return false;
        for (std::size_t i = 1; i < components_.size(); ++i) components_[i] = components_[0];
        if (!PacketReader(header_, &components_, &chunks_).read(packets)) return false;
        for (std::size_t i = 0; i < components_.size(); ++i) {
            if (!decode_component(components_[i], &planes_[i])) return false;
        }
        if (header_.colour_transform) invert_colour_transform();
        const std::size_t pixel = std::size_t{tile.y0 - image.y0} * frame.columns + (tile.x0 - image.x0);
        const std::size_t first = pixel * frame.components;
        if (frame.bytes == 1) {
            store(tile, frame, static_cast<std::uint8_t*>(frame.out) + first);
        } else {
            store(tile, frame, static_cast<std::uint16_t*>(frame.out) + first);
        }
        return true;
    }

    bool decode_component(const TileComponent& component, std::vector<std::int32_t>* plane) {
        coefficients_.resize(std::size_t{component.area.width()} * component.area.height());
        plane->resize(coefficients_.size());
        if (!blocks_.decode(component.blocks, chunks_, coefficients_.data(), threads_)) return false;
        const std::int32_t* low = coefficients_.data();
        if (header_.levels == 0) plane->swap(coefficients_);
        for (unsigned level = 1; level <= header_.levels; ++level) {
            const Resolution& resolution = component.resolutions[level];
            std::vector<std::int32_t>& out = level == header_.levels ? *plane : low_[level % 2];
            out.resize(std::size_t{resolution.area.width()} * resolution.area.height());
            if (!resolution.area.empty()) {
                synthesis_.run(low, coefficients_.data(), &component.bands[resolution.first_band], resolution.area,
                               out.data());
            }
            low = out.data();
        }
        return true;
    }

    void invert_colour_transform() {  // G.2.2
        std::int32_t *y = planes_[0].data(), *u = planes_[1].data(), *v = planes_[2].data();
        for (std::size_t i = 0; i < planes_[0].size(); ++i) {
            const std::int32_t green = subtract(y[i], add(u[i], v[i]) >> 2);
            const std::int32_t red = add(v[i], green), blue = add(u[i], green);
            y[i] = red;
            u[i] = green;
            v[i] = blue;
        }
    }

    // Levels shifted (G.1.2), confined to the precision, and with the sign that the data set gives them.
    template <typename Sample>
    void store(const Area& tile, const Frame& frame, Sample* out) const {
        const std::int32_t half = std::int32_t{1} << (header_.precision - 1);
        const std::int32_t least = header_.is_signed ? -half : 0, most = least + 2 * half - 1;
        const std::int32_t shift = header_.is_signed ? 0 : half;
        const bool same_sign = header_.is_signed == frame.is_signed;
        const unsigned unused = 32 - header_.precision;
        for (std::size_t component = 0; component < planes_.size(); ++component) {
            const std::int32_t* in = planes_[component].data();
            for (std::uint32_t row = 0; row < tile.height(); ++row, in += tile.width()) {
                Sample* const line = out + std::size_t{row} * frame.columns * planes_.size() + component;
                for (std::size_t i = 0; i < tile.width(); ++i) {
                    const std::int32_t value = std::min(std::max(add(in[i], shift), least), most);
                    line[i * planes_.size()] = static_cast<Sample>(value);
                }
                if (same_sign) continue;
                for (std::size_t i = 0; i < tile.width(); ++i) {
                    const std::uint32_t bits = static_cast<std::uint32_t>(line[i]) << unused;
                    line[i] = static_cast<Sample>(frame.is_signed ? static_cast<std::int32_t>(bits) >> unused
                                                                  : static_cast<std::int32_t>(bits >> unused));
                }
            }
        }
    }

    Header header_;
    std::vector<TilePart> parts_;
    std::vector<TileComponent> components_;
    std::vector<Chunk> chunks_;
    std::vector<unsigned char> joined_;
    std::vector<std::int32_t> coefficients_, low_[2];
    std::vector<std::vector<std::int32_t>> planes_;
    ThreadedBlocks blocks_;
    unsigned threads_ = 1;
    Synthesis synthesis_;
};

}  // namespace hdgpu::jpeg2000
