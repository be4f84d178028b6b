// Packets of JPEG 2000 (ITU-T T.800 B.9 to B.12): which bytes belong to which code-block, and how many passes they are.
//
// Contract: true only if all packets are there that the header announces, one behind the other, and not a byte more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "jpeg2000_tile.hpp"

namespace hdgpu::jpeg2000 {

struct Chunk {  // of a code-block's bytes: what one layer adds
    Bytes bytes;
    std::uint32_t next;
};

constexpr std::uint32_t no_chunk = 0xFFFFFFFF;

// Bits of a packet header (B.10.1); past the end they are zeros, and `failed` tells of it.
class HeaderBits {
public:
    HeaderBits(const unsigned char* at, const unsigned char* end) : at_(at), end_(end) {}

    unsigned bit() {
        if (left_ == 0) next_byte();
        --left_;
        return byte_ >> left_ & 1;
    }

    std::uint32_t bits(unsigned count) {
        std::uint32_t value = 0;
        while (count--) value = value << 1 | bit();
        return value;
    }

    // To the end of the header; a byte after FF belongs to it.
    const unsigned char* finish() {
        if (byte_ == 0xFF) next_byte();
        return at_;
    }

    bool failed() const { return failed_; }

private:
    void next_byte() {
        left_ = byte_ == 0xFF ? 7 : 8;
        if (at_ == end_) {
            failed_ = true;
            byte_ = 0;
            return;
        }
        const bool stuffed = byte_ == 0xFF;
        byte_ = *at_++;
        if (stuffed && byte_ > 0x7F) failed_ = true;
    }

    const unsigned char* at_;
    const unsigned char* const end_;
    unsigned byte_ = 0, left_ = 0;
    bool failed_ = false;
};

class PacketReader {
public:
    PacketReader(const Header& header, std::vector<TileComponent>* components, std::vector<Chunk>* chunks)
        : header_(header), components_(*components), chunks_(*chunks) {}

    bool read(Bytes packets) {
        at_ = packets.data;
        end_ = packets.data + packets.size;
        packet_ = 0;
        chunks_.clear();
        return in_order() && at_ == end_;
    }

private:
    bool in_order() {  // B.12.1
        const unsigned resolutions = header_.levels + 1;
        switch (header_.progression) {
            case Progression::lrcp:
                for (unsigned layer = 0; layer < header_.layers; ++layer) {
                    for (unsigned level = 0; level < resolutions; ++level) {
                        if (!by_component(layer, level)) return false;
                    }
                }
                return true;
            case Progression::rlcp:
                for (unsigned level = 0; level < resolutions; ++level) {
                    for (unsigned layer = 0; layer < header_.layers; ++layer) {
                        if (!by_component(layer, level)) return false;
                    }
                }
                return true;
            default:
                return by_position();
        }
    }

    bool by_component(unsigned layer, unsigned level) {
        for (TileComponent& component : components_) {
            const Resolution& resolution = component.resolutions[level];
            const std::size_t count = std::size_t{resolution.across} * resolution.down;
            for (std::size_t i = 0; i < count; ++i) {
                if (!packet(&component, component.precincts[resolution.first_precinct + i], layer)) return false;
            }
        }
        return true;
    }

    bool by_position() {
        struct Place {
            std::uint64_t x, y;
            unsigned component, level;
            std::size_t precinct;
        };
        std::vector<Place> places;
        for (unsigned component = 0; component < components_.size(); ++component) {
            for (unsigned level = 0; level <= header_.levels; ++level) {
                const Resolution& resolution = components_[component].resolutions[level];
                const std::size_t count = std::size_t{resolution.across} * resolution.down;
                for (std::size_t i = resolution.first_precinct; i < resolution.first_precinct + count; ++i) {
                    const Precinct& one = components_[component].precincts[i];
                    places.push_back({one.x, one.y, component, level, i});
                }
            }
        }
        const Progression order = header_.progression;
        const auto key = [order](const Place& one) {
            const std::uint64_t level = one.level, component = one.component;
            if (order == Progression::rpcl) return std::make_tuple(level, one.y, one.x, component, level, one.precinct);
            if (order == Progression::pcrl) return std::make_tuple(one.y, one.x, component, level, level, one.precinct);
            return std::make_tuple(component, one.y, one.x, level, level, one.precinct);
        };
        std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) { return key(a) < key(b); });
        for (const Place& place : places) {
            TileComponent& component = components_[place.component];
            for (unsigned layer = 0; layer < header_.layers; ++layer) {
                if (!packet(&component, component.precincts[place.precinct], layer)) return false;
            }
        }
        return true;
    }

    bool packet(TileComponent* component, const Precinct& precinct, unsigned layer) {
        if (!skip_sop()) return false;
        HeaderBits bits(at_, end_);
        contributions_.clear();
        if (bits.bit()) {
            for (unsigned i = 0; i < precinct.bands; ++i) {
                if (!contributions(component, precinct.band[i], layer, &bits)) return false;
            }
        }
        at_ = bits.finish();
        if (bits.failed() || !skip_eph()) return false;
        for (const Contribution& one : contributions_) {
            if (one.length > static_cast<std::size_t>(end_ - at_)) return false;
            const auto chunk = static_cast<std::uint32_t>(chunks_.size());
            chunks_.push_back({{at_, one.length}, no_chunk});
            CodeBlock& block = component->blocks[one.block];
            if (block.first_chunk == no_chunk) {
                block.first_chunk = chunk;
            } else {
                chunks_[block.last_chunk].next = chunk;
            }
            block.last_chunk = chunk;
            at_ += one.length;
        }
        ++packet_;
        return true;
    }

    bool skip_sop() {  // A.8.1
        if (!header_.may_have_sop || end_ - at_ < 6 || at_[0] != 0xFF || at_[1] != 0x91) return true;
        const std::uint32_t number = static_cast<std::uint32_t>(at_[4]) << 8 | at_[5];
        const bool valid = at_[2] == 0 && at_[3] == 4 && number == (packet_ & 0xFFFF);
        at_ += 6;
        return valid;
    }

    bool skip_eph() {  // A.8.2
        if (!header_.has_eph) return true;
        if (end_ - at_ < 2 || at_[0] != 0xFF || at_[1] != 0x92) return false;
        at_ += 2;
        return true;
    }

    // What the packet holds of one sub-band's code-blocks (B.10.3 to B.10.7).
    bool contributions(TileComponent* component, const PrecinctBand& band, unsigned layer, HeaderBits* bits) {
        const std::size_t count = std::size_t{band.across} * band.down;
        for (std::size_t i = 0; i < count; ++i) {
            CodeBlock& block = component->blocks[band.first_block + i];
            if (bits->failed()) return false;
            if (block.included) {
                if (!bits->bit()) continue;
            } else {
                if (!below(component, band.inclusion + i, layer + 1, bits)) continue;
                if (!below(component, band.zero_planes + i, block.most_planes, bits)) return false;
                const std::uint32_t zero_planes = component->nodes[band.zero_planes + i].value;
                block.included = true;
                block.planes = static_cast<unsigned char>(block.most_planes - zero_planes);
                block.first_chunk = no_chunk;
            }
            const unsigned passes = passes_of(bits);
            while (bits->bit()) {
                if (++block.length_bits > 24) return false;
            }
            unsigned length_bits = block.length_bits;
            for (unsigned rest = passes; rest > 1; rest >>= 1) ++length_bits;
            contributions_.push_back({band.first_block + i, bits->bits(length_bits)});
            if (block.passes + passes > 3u * block.planes - 2) return false;
            block.passes = static_cast<unsigned char>(block.passes + passes);
        }
        return true;
    }

    // Whether a tag tree's value is below the threshold (B.10.2).
    static bool below(TileComponent* component, std::size_t leaf, std::uint32_t threshold, HeaderBits* bits) {
        TagNode* const nodes = component->nodes.data();
        std::uint32_t path[32];
        unsigned depth = 0;
        for (auto at = static_cast<std::uint32_t>(leaf);; at = nodes[at].parent) {
            path[depth++] = at;
            if (nodes[at].parent == at) break;
        }
        std::uint32_t low = 0;
        while (depth > 0) {
            TagNode& node = nodes[path[--depth]];
            low = std::max(low, node.low);
            while (low < threshold && low < node.value) {
                if (bits->bit()) {
                    node.value = low;
                } else {
                    ++low;
                }
            }
            node.low = low;
        }
        return nodes[leaf].value < threshold;
    }

    static unsigned passes_of(HeaderBits* bits) {  // Table B.4
        if (!bits->bit()) return 1;
        if (!bits->bit()) return 2;
        unsigned more = bits->bits(2);
        if (more < 3) return 3 + more;
        more = bits->bits(5);
        if (more < 31) return 6 + more;
        return 37 + bits->bits(7);
    }

    struct Contribution {
        std::size_t block;
        std::size_t length;
    };

    const Header& header_;
    std::vector<TileComponent>& components_;
    std::vector<Chunk>& chunks_;
    std::vector<Contribution> contributions_;
    const unsigned char *at_ = nullptr, *end_ = nullptr;
    std::uint32_t packet_ = 0;
};

}  // namespace hdgpu::jpeg2000
