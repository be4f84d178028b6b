// A walk over the data elements of a DICOM file's head (PS3.5 7), as hdgpu/dicom/elements.py does it.
//
// Contract: where it says `done`, what was found is what the Python walk finds. Little endian only; whatever it is not
// sure of it declines, and the Python walk looks at the file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "rle.hpp"

namespace hdgpu {

enum class Outcome { done, more, declined };

struct Wanted {
    std::uint32_t tag;
    char vr[2];
};

struct Found {
    std::uint32_t tag;
    std::size_t start;
    std::size_t length;
};

struct Scan {
    std::string syntax;
    std::vector<Found> values;
    std::uint32_t pixel_tag = 0;
    char pixel_vr[2] = {0, 0};
    std::size_t pixel_offset = 0;
    std::uint32_t pixel_length = 0;
    bool explicit_vr = true;
};

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;

inline std::uint16_t little_endian_16(const unsigned char* bytes) {
    return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
}

inline std::uint32_t tag_at(const unsigned char* bytes) {
    return static_cast<std::uint32_t>(little_endian_16(bytes)) << 16 | little_endian_16(bytes + 2);
}

inline int vr_width(const unsigned char* vr) {  // of the length field, 0 for what is no VR
    static const char* const wide = "OB OD OF OL OV OW SQ SV UC UN UR UT UV";
    static const char* const narrow = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US";
    for (const char* at = narrow; *at; at += at[2] ? 3 : 2) {
        if (at[0] == static_cast<char>(vr[0]) && at[1] == static_cast<char>(vr[1])) return 2;
    }
    for (const char* at = wide; *at; at += at[2] ? 3 : 2) {
        if (at[0] == static_cast<char>(vr[0]) && at[1] == static_cast<char>(vr[1])) return 4;
    }
    return 0;
}

class Walk {
public:
    Walk(const unsigned char* head, std::size_t available, std::uint64_t file_size)
        : head_(head), available_(available), size_(file_size) {}

    Outcome run(const std::vector<Wanted>& wanted, Scan* scan) {
        if (available_ < 144 || std::memcmp(head_ + 128, "DICM\x02\0\0\0UL", 10) != 0) return Outcome::declined;
        std::size_t at = 144 + static_cast<std::size_t>(little_endian_32(head_ + 140));
        if (at > available_) return at < size_ ? Outcome::more : Outcome::declined;
        if (!transfer_syntax(at, &scan->syntax)) return Outcome::declined;
        static const std::string implicit = "1.2.840.10008.1.2";
        if (scan->syntax == implicit + ".2" || scan->syntax == implicit + ".1.99") return Outcome::declined;
        explicit_ = scan->explicit_vr = scan->syntax != implicit;
        std::int64_t last = -1;
        while (at < size_) {
            Element element;
            const Outcome outcome = element_at(at, &element);
            if (outcome != Outcome::done) return outcome;
            if (static_cast<std::int64_t>(element.tag) <= last) return Outcome::declined;
            last = element.tag;
            if (element.tag == 0x7FE00008 || element.tag == 0x7FE00009 || element.tag == 0x7FE00010) {
                scan->pixel_tag = element.tag;
                std::memcpy(scan->pixel_vr, element.vr, 2);
                scan->pixel_offset = element.value;
                scan->pixel_length = element.length;
                return Outcome::done;
            }
            const auto place = std::lower_bound(
                wanted.begin(), wanted.end(), element.tag, [](const Wanted& one, std::uint32_t tag) { return one.tag < tag; });
            const bool is_wanted = place != wanted.end() && place->tag == element.tag;
            if (is_wanted && (std::memcmp(place->vr, "SQ", 2) == 0 || element.length == undefined_length ||
                              (explicit_ && std::memcmp(place->vr, element.vr, 2) != 0))) {
                return Outcome::declined;  // a sequence that the Python walk keeps, or a VR it does not expect
            }
            if (element.length == undefined_length) {
                const bool items_explicit = explicit_ && std::memcmp(element.vr, "UN", 2) != 0;
                const Outcome skipped = skip_items(element.value, items_explicit, 0, &at);
                if (skipped != Outcome::done) return skipped;
                continue;
            }
            at = element.value + element.length;
            if (at > size_) return Outcome::declined;
            if (is_wanted) {
                if (at > available_) return Outcome::more;
                scan->values.push_back({element.tag, element.value, element.length});
            }
        }
        return Outcome::done;
    }

private:
    struct Element {
        std::uint32_t tag;
        std::uint32_t length;
        std::size_t value;
        char vr[2] = {0, 0};
    };

    Outcome element_at(std::size_t at, Element* element) const { return element_at(at, explicit_, element); }

    Outcome element_at(std::size_t at, bool is_explicit, Element* element) const {
        if (at + 12 > available_) return available_ < size_ ? Outcome::more : Outcome::declined;
        const unsigned char* bytes = head_ + at;
        element->tag = tag_at(bytes);
        element->value = at + 8;
        if (!is_explicit || element->tag >> 16 == 0xFFFE) {
            element->length = little_endian_32(bytes + 4);
            return Outcome::done;
        }
        const int width = vr_width(bytes + 4);
        if (width == 0) return Outcome::declined;
        std::memcpy(element->vr, bytes + 4, 2);
        element->length = width == 2 ? little_endian_16(bytes + 6) : little_endian_32(bytes + 8);
        element->value += width == 2 ? 0 : 4;
        return Outcome::done;
    }

    // Past the items of a sequence of undefined length and its delimiter.
    Outcome skip_items(std::size_t at, bool is_explicit, int depth, std::size_t* after) const {
        if (depth > 32) return Outcome::declined;
        while (true) {
            if (at + 8 > available_) return available_ < size_ ? Outcome::more : Outcome::declined;
            const std::uint32_t tag = tag_at(head_ + at), length = little_endian_32(head_ + at + 4);
            at += 8;
            if (tag == 0xFFFEE0DD) break;
            if (tag != 0xFFFEE000) return Outcome::declined;
            if (length != undefined_length) {
                at += length;
                if (at > size_) return Outcome::declined;
                continue;
            }
            const Outcome outcome = skip_item(at, is_explicit, depth, &at);
            if (outcome != Outcome::done) return outcome;
        }
        *after = at;
        return Outcome::done;
    }

    // Past the elements of an item of undefined length and its delimiter.
    Outcome skip_item(std::size_t at, bool is_explicit, int depth, std::size_t* after) const {
        while (true) {
            Element element;
            const Outcome outcome = element_at(at, is_explicit, &element);
            if (outcome != Outcome::done) return outcome;
            if (element.tag == 0xFFFEE00D) break;
            if (element.tag >> 16 == 0xFFFE) return Outcome::declined;
            at = element.value;
            if (element.length == undefined_length) {
                const bool inner = is_explicit && std::memcmp(element.vr, "UN", 2) != 0;
                const Outcome skipped = skip_items(at, inner, depth + 1, &at);
                if (skipped != Outcome::done) return skipped;
            } else {
                at += element.length;
                if (at > size_) return Outcome::declined;
            }
        }
        *after = at + 8;
        return Outcome::done;
    }

    // (0002,0010); before it come UIDs and a version alone, which cannot hold the bytes of its tag.
    bool transfer_syntax(std::size_t end, std::string* syntax) const {
        static const char element[] = {2, 0, 0x10, 0, 'U', 'I'};
        const unsigned char* place = std::search(head_ + 132, head_ + end, element, element + 6);
        if (place + 8 > head_ + end) return false;
        const std::size_t length = little_endian_16(place + 6);
        if (place + 8 + length > head_ + end) return false;
        syntax->assign(reinterpret_cast<const char*>(place) + 8, length);
        while (!syntax->empty() && (syntax->back() == '\0' || syntax->back() == ' ')) syntax->pop_back();
        return !syntax->empty() && syntax->find_first_not_of("0123456789.") == std::string::npos;
    }

    const unsigned char* head_;
    const std::size_t available_;
    const std::uint64_t size_;
    bool explicit_ = true;
};

}  // namespace hdgpu
