// Stored values to cells of a table: output[i] = table[bits of stored[i], read as unsigned].
//
// Contract: equals hdgpu/pixels/run.py bit for bit, for the cells are copied.  The table has an entry for each value
// that the stored type can hold, so that no index can lie outside of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace hdgpu {

// Of cells whose size is no power of two more bytes are copied, which the next cell overwrites: one move, not two.
constexpr std::size_t moved_bytes(std::size_t cell) { return cell == 3 ? 4 : cell == 6 ? 8 : cell == 12 ? 16 : cell; }

template <std::size_t cell, typename In>
void look_up(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count) {
    constexpr std::size_t moved = moved_bytes(cell);
    constexpr std::size_t last = (std::size_t{1} << 8 * sizeof(In)) - 1;
    for (std::size_t i = 0; i + 1 < count; ++i) {
        if (moved > cell && stored[i] == last) {  // more would be read past the end of the table
            std::memcpy(out + i * cell, table + last * cell, cell);
        } else {
            std::memcpy(out + i * cell, table + std::size_t{stored[i]} * cell, moved);
        }
    }
    if (count > 0) {  // more would be written past the end of the output
        std::memcpy(out + (count - 1) * cell, table + std::size_t{stored[count - 1]} * cell, cell);
    }
}

#if defined(__SSE2__)
constexpr std::size_t block_values = 1024;

// By way of a block that stays in the cache, and from there past it: a volume does not fit into it, and what is written
// so need not be read first.  Returns how many values were done.
template <std::size_t cell, typename In>
std::size_t stream_look_up(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count) {
    if (reinterpret_cast<std::uintptr_t>(out) % 16 != 0) return 0;
    alignas(16) unsigned char block[block_values * cell];
    std::size_t done = 0;
    for (; done + block_values <= count; done += block_values) {
        look_up<cell>(stored + done, table, block, block_values);
        for (std::size_t at = 0; at < sizeof block; at += 16) {
            _mm_stream_si128(reinterpret_cast<__m128i*>(out + done * cell + at),
                             _mm_load_si128(reinterpret_cast<const __m128i*>(block + at)));
        }
    }
    _mm_sfence();
    return done;
}
#endif

template <std::size_t cell, typename In>
bool look_up_frame(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count, bool stream) {
    std::size_t done = 0;
#if defined(__SSE2__)
    if (stream) done = stream_look_up<cell>(stored, table, out, count);
#endif
    (void)stream;
    look_up<cell>(stored + done, table, out + done * cell, count - done);
    return true;
}

// False if there is no loop for cells of that many bytes: they are one number, or three for a colour.
template <typename In>
bool look_up_cells(const In* stored, const unsigned char* table, unsigned char* out, std::size_t count,
                   std::size_t cell, bool stream) {
    switch (cell) {
        case 1: return look_up_frame<1>(stored, table, out, count, stream);
        case 2: return look_up_frame<2>(stored, table, out, count, stream);
        case 3: return look_up_frame<3>(stored, table, out, count, stream);
        case 4: return look_up_frame<4>(stored, table, out, count, stream);
        case 6: return look_up_frame<6>(stored, table, out, count, stream);
        case 8: return look_up_frame<8>(stored, table, out, count, stream);
        case 12: return look_up_frame<12>(stored, table, out, count, stream);
        case 24: return look_up_frame<24>(stored, table, out, count, stream);
        default: return false;
    }
}

}  // namespace hdgpu
