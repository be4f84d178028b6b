// A frame of JPEG-LS, lossless and plain (ITU-T T.87): a stream to stored values.
//
// Contract: true only if every bit of the scan is part of what it announces, and EOI comes right after; then `out` has
// what any decoder that follows the standard makes of it.  What is taken is said in jpegls_codestream.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "jpegls_bits.hpp"
#include "jpegls_codestream.hpp"
#include "jpegls_scan.hpp"

namespace hdgpu::jpegls {

struct Frame {  // what the data set announces, and where to put it
    unsigned rows, columns;
    unsigned bytes;  // of a sample: 1 or 2
    bool is_signed;
    void* out;
};

class FrameDecoder {
public:
    bool decode(Bytes stream, const Frame& frame) {
        Header header;
        if (!HeaderReader(stream).read(&header) || !fits(header, frame)) return false;
        if (!bits_.unstuff({stream.data + header.scan, stream.size - header.scan})) return false;
        scan_.begin(header, bits_);
        const bool whole = frame.bytes == 1 ? decode_lines(header, frame, static_cast<std::uint8_t*>(frame.out))
                                            : decode_lines(header, frame, static_cast<std::uint16_t*>(frame.out));
        return whole && scan_.at_end();
    }

    // Bytes that are kept for the next frame.
    std::size_t memory() const { return bits_.memory() + scan_.memory(); }

private:
    static bool fits(const Header& header, const Frame& frame) {
        return header.rows == frame.rows && header.columns == frame.columns && header.precision <= 8 * frame.bytes;
    }

    template <typename Sample>
    bool decode_lines(const Header& header, const Frame& frame, Sample* out) {
        // JPEG-LS has no sign: the data set's is taken from the highest bit.
        const std::int32_t sign = frame.is_signed ? std::int32_t{1} << (header.precision - 1) : 0;
        for (unsigned row = 0; row < frame.rows; ++row, out += frame.columns) {
            const std::uint16_t* const line = scan_.next_line();
            if (!line) return false;
            for (unsigned x = 0; x < frame.columns; ++x) out[x] = static_cast<Sample>((line[x] ^ sign) - sign);
        }
        return true;
    }

    ScanBits bits_;
    ScanDecoder scan_;
};

}  // namespace hdgpu::jpegls
