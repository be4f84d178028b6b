// Stored values to cells of a table: output[i] = table[bits of stored[i], read as unsigned].
//
// Contract: equals hdgpu/pixels/run.py bit for bit, for the cells are copied.  The table has an entry for each value
// that the stored type can hold, so that no index can lie outside of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hdgpu {

template <std::size_t cell, typename In>
void look_up(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        std::memcpy(out + i * cell, table + std::size_t{stored[i]} * cell, cell);
    }
}

// Three bytes a cell: four are copied, of which the next cell overwrites the last.
template <typename In>
void look_up_rgb(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count) {
    constexpr std::size_t last = (std::size_t{1} << 8 * sizeof(In)) - 1;
    for (std::size_t i = 0; i + 1 < count; ++i) {
        if (stored[i] == last) {  // four bytes would be read past the end of the table
            std::memcpy(out + i * 3, table + last * 3, 3);
        } else {
            std::memcpy(out + i * 3, table + std::size_t{stored[i]} * 3, 4);
        }
    }
    if (count > 0) look_up<3>(stored + count - 1, table, out + (count - 1) * 3, 1);
}

// Whether there is a loop for cells of that many bytes: one number, or three for a colour.
template <typename In>
bool look_up_cells(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count, std::size_t cell) {
    switch (cell) {
        case 1: look_up<1>(stored, table, out, count); return true;
        case 2: look_up<2>(stored, table, out, count); return true;
        case 3: look_up_rgb(stored, table, out, count); return true;
        case 4: look_up<4>(stored, table, out, count); return true;
        case 6: look_up<6>(stored, table, out, count); return true;
        case 8: look_up<8>(stored, table, out, count); return true;
        case 12: look_up<12>(stored, table, out, count); return true;
        case 24: look_up<24>(stored, table, out, count); return true;
        default: return false;
    }
}

}  // namespace hdgpu
