// The entropy-coded bits of a JPEG-LS scan (T.87 A.1, C.1): freed of stuffing first, so that reading them needs no branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "jpegls_codestream.hpp"

namespace hdgpu::jpegls {

inline std::uint64_t first_byte_highest(std::uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

inline std::uint64_t load_bits(const unsigned char* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return first_byte_highest(word);
}

// 57 bits at least, from `place` on, in the highest places.
inline std::uint64_t window_at(const unsigned char* data, std::uint64_t place) {
    return load_bits(data + (place >> 3)) << (place & 7);
}

inline void store_bits(unsigned char* bytes, std::uint64_t word) {
    word = first_byte_highest(word);
    std::memcpy(bytes, &word, sizeof word);
}

inline unsigned leading_zeros(std::uint64_t word) {  // 63 for none but the last bit, and for none at all
    return static_cast<unsigned>(__builtin_clzll(word | 1));
}

// A code as nearly all are (A.5.3): some zeros, a one, and k bits.  All of it is made ready before k is known.
class UsualCode {
public:
    UsualCode(const unsigned char* data, std::uint64_t place) {
        const std::uint64_t window = window_at(data, place);
        zeros_ = leading_zeros(window);
        // the bits after the one, and in front of them how many zeros there were
        bits_ = (window << zeros_ >> 8) + ((std::uint64_t{zeros_} - 1) << whole_shift);
    }

    static constexpr unsigned whole_shift = 55;  // less k, it makes the bits a value

    // Whether the code is certain to be whole in the window, and no escape: that has 17 zeros at least.
    bool is_usual() const { return zeros_ <= 16; }
    std::uint64_t value(unsigned shift) const { return bits_ >> shift; }
    unsigned length(unsigned shift) const { return zeros_ + 1 + whole_shift - shift; }

private:
    unsigned zeros_;
    std::uint64_t bits_;
};

// The bits of a scan as if each byte held eight: after a byte FF the first bit of the next one is left out.
class ScanBits {
public:
    // Zeros behind the end.  They are no code, so that reading ends there; a code that begins before the end, and a run
    // after it, take fewer bits than this.
    static constexpr std::size_t padding = 32;

    // False unless the scan ends with EOI.
    bool unstuff(Bytes scan) {
        if (bytes_.size() < scan.size + padding) bytes_.resize(scan.size + padding);
        out_ = bytes_.data();
        pending_ = 0;
        count_ = 0;
        for (std::size_t at = 0; scan.size - at >= 2;) {
            if (scan.size - at >= 16) {
                const std::uint64_t word = load_bits(scan.data + at);
                if (!has_ff(word)) {
                    put_word(word);
                    at += 8;
                    continue;
                }
            }
            const unsigned byte = scan.data[at++];
            put(byte, 8);
            if (byte != 0xFF) continue;
            const unsigned next = scan.data[at];
            if (next & 0x80) {  // a marker, whose first byte went with the bits
                if (next != 0xD9) return false;
                finish();
                return true;
            }
            put(next, 7);
            ++at;
            // two in a row cannot be: the second one's first bit would be a marker's
        }
        return false;
    }

    std::uint64_t size() const { return size_; }  // in bits
    const unsigned char* data() const { return bytes_.data(); }

    std::size_t memory() const { return bytes_.capacity(); }

private:
    static bool has_ff(std::uint64_t word) {
        return (word & (~word - 0x0101010101010101u) & 0x8080808080808080u) != 0;
    }

    void put_word(std::uint64_t word) {
        store_bits(out_, pending_ | word >> count_);
        out_ += 8;
        pending_ = count_ ? word << (64 - count_) : 0;
    }

    void put(std::uint64_t bits, unsigned count) {  // fewer than 8 are pending before and after
        pending_ |= bits << (64 - count - count_);
        count_ += count;
        if (count_ >= 8) {
            *out_++ = static_cast<unsigned char>(pending_ >> 56);
            pending_ <<= 8;
            count_ -= 8;
        }
    }

    void finish() {
        store_bits(out_, pending_);
        size_ = std::uint64_t{8} * static_cast<std::size_t>(out_ - bytes_.data()) + count_ - 8;
        const std::uint64_t marker = size_;  // take back the marker's first byte
        out_ = bytes_.data() + (marker >> 3);
        *out_ = static_cast<unsigned char>(*out_ & ~(0xFFu >> (marker & 7)));
        for (std::size_t i = 1; i < padding; ++i) out_[i] = 0;
    }

    std::vector<unsigned char> bytes_;
    unsigned char* out_ = nullptr;
    std::uint64_t pending_ = 0, size_ = 0;
    unsigned count_ = 0;
};

}  // namespace hdgpu::jpegls
