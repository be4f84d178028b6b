// The Huffman-coded data of a sequential DCT JPEG stream of one scan (ISO/IEC 10918-1 F.2.2), walked code by code without
// making coefficients of it.
//
// Contract: sound only if all blocks are there, each code is in its table, no block has a coefficient beyond the last,
// and up to EOI nothing is left but the bits that pad the last byte, all ones (F.1.2.3).  Some encoders pad with zeros,
// and some add a byte of ones where there is nothing to pad.  What else is left is for the Python code to judge.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace hdgpu::jpeg {

enum class Verdict { sound, damaged, unsure };

// What a code does to the walk, or several in a row: the bits that they and what follows each take up, and the
// coefficients they stand for.  No bits: there is no such code.
struct Step {
    std::uint8_t bits, coefficients;
};

constexpr unsigned look_ahead = 10;
constexpr unsigned block_size = 64;
constexpr unsigned block_end = 128;  // coefficients of an end of block: more than any block has
constexpr std::size_t slack = 512;   // more bytes than a block can take up: 64 times at most 16 + 15 bits

class Table {
public:
    // `text` are the 16 counts and the symbols of a DHT segment.  False if they are no Huffman table, or have codes for
    // coefficients out of range, which decoders clip or wrap (F.1.2).
    bool build(bool ac, const unsigned char* text, std::size_t size, unsigned precision) {
        const unsigned most = precision + (ac ? 2 : 3);
        Code codes[1 << look_ahead] = {};
        std::uint32_t code = 0;
        std::size_t at = 16;
        for (unsigned length = 1; length <= 16; ++length, code <<= 1) {
            const std::size_t count = size >= 16 ? text[length - 1] : 0;
            if (at + count > size || at + count > 16 + 256 || code + count > std::uint32_t{1} << length) return false;
            first_[length] = code;
            count_[length] = static_cast<std::uint32_t>(count);
            begin_[length] = static_cast<std::uint32_t>(at - 16);
            for (std::size_t i = 0; i < count; ++i, ++at, ++code) {
                const unsigned symbol = text[at];
                if ((ac ? symbol & 15 : symbol) > most) return false;
                const Step step = steps_[at - 16] = step_of(ac, symbol, length);
                if (length > look_ahead || step.bits == 0) continue;
                const unsigned alike = 1u << (look_ahead - length);
                std::fill_n(codes + code * alike, alike, Code{step, length});
            }
        }
        for (unsigned window = 0; window < 1u << look_ahead; ++window) quick_[window] = joined(ac, codes, window);
        return is_there = at == size;
    }

    // The step of the one code that the highest bits of `window` begin with.
    Step one(std::uint64_t window) const {
        for (unsigned length = 1; length <= 16; ++length) {
            const auto nth = static_cast<std::uint32_t>(window >> (64 - length)) - first_[length];
            if (nth < count_[length]) return steps_[begin_[length] + nth];
        }
        return {0, 0};
    }

    // The same for as many codes of one block as the look-ahead tells of, if they do not go past the end of a block that
    // has `next` coefficients already.
    Step several(std::uint64_t window, unsigned next) const {
        const Step step = quick_[window >> (64 - look_ahead)];
        return (next + step.coefficients) & block_size ? one(window) : step;
    }

    bool is_there = false;

private:
    struct Code {
        Step step;
        unsigned length;
    };

    static Step step_of(bool ac, unsigned symbol, unsigned length) {
        const unsigned category = ac ? symbol & 15 : symbol, run = ac ? symbol >> 4 : 0;
        if (!ac || category > 0 || run == 15) {
            return {static_cast<std::uint8_t>(length + category), static_cast<std::uint8_t>(run + 1)};
        }
        if (run > 0) return {0, 0};  // an end of several blocks, for progressive streams only
        return {static_cast<std::uint8_t>(length), static_cast<std::uint8_t>(block_end)};
    }

    // What codes, of AC, add up to as far as they lie within the look-ahead; past any block's end where the first one does not.
    static Step joined(bool ac, const Code* codes, unsigned window) {
        if (codes[window].length == 0) return {0, block_size};
        Step sum = codes[window].step;
        while (ac && sum.coefficients < block_size && sum.bits < look_ahead) {
            const Code& next = codes[window << sum.bits & ((1u << look_ahead) - 1)];
            const unsigned coefficients = sum.coefficients + next.step.coefficients;
            const bool fits = next.length > 0 && sum.bits + next.length <= look_ahead;
            if (!fits || (coefficients & block_size)) break;
            sum.bits = static_cast<std::uint8_t>(sum.bits + next.step.bits);
            sum.coefficients = static_cast<std::uint8_t>(coefficients);
        }
        return sum;
    }

    Step quick_[1 << look_ahead];
    Step steps_[256];
    std::uint32_t first_[17], count_[17], begin_[17];
};

// The bits of a scan, the highest of a byte first.  There are `slack` bytes more, which count for nothing.
class Bits {
public:
    Bits(const unsigned char* begin, std::size_t size) : begin_(begin), at_(begin), size_(size) {}

    std::uint64_t window() {  // its first 56 bits are valid
        std::uint64_t more = 0;
        for (int i = 0; i < 8; ++i) more = more << 8 | at_[i];
        window_ |= more >> held_;
        at_ += (63 - held_) >> 3;
        held_ |= 56;
        return window_;
    }

    void skip(unsigned count) {
        window_ <<= count;
        held_ -= count;
    }

    // Negative when more were skipped than there are.
    std::ptrdiff_t left() const {
        return 8 * (static_cast<std::ptrdiff_t>(size_) - (at_ - begin_)) + static_cast<std::ptrdiff_t>(held_);
    }

private:
    const unsigned char *begin_, *at_;
    std::size_t size_;
    std::uint64_t window_ = 0;
    unsigned held_ = 0;
};

inline bool walk_block(Bits* bits, const Table& dc, const Table& ac) {
    Step step = dc.several(bits->window(), 0);
    bits->skip(step.bits);
    unsigned next = step.coefficients;
    while (step.bits > 0 && next < block_size) {
        step = ac.several(bits->window(), next);
        bits->skip(step.bits);
        next += step.coefficients;
    }
    return step.bits > 0 && (next == block_size || next > block_end) && bits->left() >= 0;
}

// Copy entropy-coded bytes up to EOI, without the zero that is stuffed in after each 0xFF (F.1.2.3).  Negative if another
// marker comes first, or none.
inline std::ptrdiff_t unstuff(const unsigned char* in, std::size_t size, unsigned char* out) {
    const unsigned char* const end = in + size;
    const unsigned char* const start = out;
    while (in < end) {
        const auto* marker = static_cast<const unsigned char*>(std::memchr(in, 0xFF, static_cast<std::size_t>(end - in)));
        if (!marker || marker + 1 == end) return -1;
        const auto run = static_cast<std::size_t>(marker - in);
        std::memcpy(out, in, run);
        out += run;
        in = marker + 1;
        if (*in == 0) {
            *out++ = 0xFF;
            ++in;
            continue;
        }
        while (in < end && *in == 0xFF) ++in;  // fill bytes (B.1.1.2)
        return in < end && *in == 0xD9 ? out - start : -1;
    }
    return -1;
}

// Blocks that a component has in each MCU, and what codes them.
struct Component {
    unsigned blocks;
    const Table *dc, *ac;
};

inline Verdict check_scan(const unsigned char* data, std::size_t size, std::size_t mcus, const Component* components,
                          std::size_t count) {
    const std::unique_ptr<unsigned char[]> scan(new (std::nothrow) unsigned char[size + slack]);
    if (!scan) return Verdict::unsure;
    const std::ptrdiff_t length = unstuff(data, size, scan.get());
    if (length < 0) return Verdict::damaged;
    std::memset(scan.get() + length, 0, slack);
    Bits bits(scan.get(), static_cast<std::size_t>(length));
    for (std::size_t mcu = 0; mcu < mcus; ++mcu) {
        for (const Component* component = components; component < components + count; ++component) {
            for (unsigned block = 0; block < component->blocks; ++block) {
                if (!walk_block(&bits, *component->dc, *component->ac)) return Verdict::damaged;
            }
        }
    }
    const std::ptrdiff_t left = bits.left();
    if (left > 8) return Verdict::unsure;
    const unsigned ones = (1u << left) - 1, padding = left > 0 ? scan[static_cast<std::size_t>(length) - 1] & ones : 0;
    return padding == ones || (padding == 0 && left < 8) ? Verdict::sound : Verdict::unsure;
}

}  // namespace hdgpu::jpeg
