// Marker segments of a JPEG-LS stream (ITU-T T.87 C): the headers of the frame and of its only scan.
//
// Contract: true only for SOI, one frame header of one component, one scan of it without loss, mapping table and point
// transform, and before that nothing but preset coding parameters and segments for applications and comments.
#pragma once

#include <algorithm>
#include <cstddef>

namespace hdgpu::jpegls {

struct Bytes {
    const unsigned char* data;
    std::size_t size;
};

struct Header {
    unsigned rows, columns, precision;
    int maxval;              // MAXVAL
    int thresholds[3];       // T1, T2, T3: where the gradients' regions end
    int reset;               // RESET
    std::size_t scan;        // where the entropy-coded bytes begin
};

constexpr int default_reset = 64;

// C.2.4.1.1.1, for streams without loss.
inline void set_default_thresholds(Header* header) {
    const int maxval = header->maxval;
    int* const threshold = header->thresholds;
    if (maxval >= 128) {
        const int factor = (std::min(maxval, 4095) + 128) / 256;
        threshold[0] = factor * (3 - 2) + 2;
        threshold[1] = factor * (7 - 3) + 3;
        threshold[2] = factor * (21 - 4) + 4;
    } else {
        const int factor = 256 / (maxval + 1);
        threshold[0] = std::max(2, 3 / factor);
        threshold[1] = std::max(3, 7 / factor);
        threshold[2] = std::max(4, 21 / factor);
    }
    for (int i = 0, least = 1; i < 3; least = threshold[i++]) {
        if (threshold[i] > maxval || threshold[i] < least) threshold[i] = least;
    }
}

class HeaderReader {
public:
    explicit HeaderReader(Bytes stream) : data_(stream.data), size_(stream.size) {}

    bool read(Header* header) {
        if (size_ < 2 || word_at(0) != 0xFFD8) return false;
        const unsigned char *frame = nullptr, *preset = nullptr;
        for (std::size_t at = 2; size_ - at >= 4;) {
            const unsigned marker = word_at(at), length = word_at(at + 2);
            if (length < 2 || length > size_ - at - 2) return false;
            const unsigned char* const segment = data_ + at + 4;
            at += 2 + length;
            if (marker == 0xFFF7) {
                if (frame || length != 11) return false;
                frame = segment;
            } else if (marker == 0xFFF8) {
                if (preset || length != 13) return false;
                preset = segment;
            } else if (marker == 0xFFDA) {
                header->scan = at;
                return frame && length == 8 && read_frame(frame, header) && read_preset(preset, header) &&
                       is_plain_scan(segment, frame[6]);
            } else if (marker != comment && (marker & 0xFFF0) != applications) {
                return false;
            }
        }
        return false;
    }

private:
    static constexpr unsigned comment = 0xFFFE, applications = 0xFFE0;

    unsigned word_at(std::size_t at) const { return static_cast<unsigned>(data_[at]) << 8 | data_[at + 1]; }
    static int word(const unsigned char* bytes) { return bytes[0] << 8 | bytes[1]; }

    // C.2.2
    static bool read_frame(const unsigned char* segment, Header* header) {
        header->precision = segment[0];
        header->rows = static_cast<unsigned>(word(segment + 1));
        header->columns = static_cast<unsigned>(word(segment + 3));
        const bool one_component = segment[5] == 1 && segment[7] == 0x11 && segment[8] == 0;
        return one_component && header->precision >= 2 && header->precision <= 16 && header->rows && header->columns;
    }

    // C.2.4.1.1; zero stands for the default.
    static bool read_preset(const unsigned char* segment, Header* header) {
        header->maxval = (1 << header->precision) - 1;
        header->reset = default_reset;
        set_default_thresholds(header);
        if (!segment) return true;
        if (segment[0] != 1) return false;
        const int maxval = word(segment + 1), reset = word(segment + 9);
        // Ranges that are not a power of two hardly exist, and damage to them shows in no other way.
        if (maxval != 0 && maxval != header->maxval) return false;
        int least = 1;
        for (int i = 0; i < 3; ++i) {
            const int preset = word(segment + 3 + 2 * i);
            if (preset) header->thresholds[i] = preset;
            if (header->thresholds[i] < least || header->thresholds[i] > header->maxval) return false;
            least = header->thresholds[i];
        }
        if (reset) header->reset = reset;
        return header->reset >= 3 && header->reset <= 255;
    }

    // C.2.3: NEAR, ILV and the point transform are zero.
    static bool is_plain_scan(const unsigned char* segment, unsigned component) {
        return segment[0] == 1 && segment[1] == component && segment[2] == 0 && segment[3] == 0 && segment[4] == 0 &&
               segment[5] == 0;
    }

    const unsigned char* data_;
    const std::size_t size_;
};

}  // namespace hdgpu::jpegls
