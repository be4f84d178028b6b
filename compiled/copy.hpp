// Copies between arrays whose axes lie in different orders in memory, or run backwards.
//
// Contract: equals an assignment in NumPy, byte for byte.
//
// Where the axis along which the source is contiguous is not the last one, a loop along the last axis would fetch a
// line of the cache for each element.  Tiles of these two axes are therefore read along the one and written along the
// other, so that each line is fetched and written once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace hdgpu::copying {

using Index = std::ptrdiff_t;

// Three axes of an array, strides in bytes.
struct Cells {
    char* data;
    Index size[3];
    Index stride[3];

    char* at(Index i, Index j, Index k) const { return data + i * stride[0] + j * stride[1] + k * stride[2]; }
};

inline Index magnitude(Index stride) { return stride < 0 ? -stride : stride; }

// The axis along which neighbours lie nearest to one another: the last one where several do.
inline int nearest_axis(const Cells& cells) {
    int nearest = 2;
    for (int axis = 1; axis >= 0; --axis) {
        if (cells.size[axis] < 2) continue;
        if (cells.size[nearest] < 2 || magnitude(cells.stride[axis]) < magnitude(cells.stride[nearest])) nearest = axis;
    }
    return nearest;
}

template <std::size_t width>
void copy_row(const char* from, Index stride, char* to, Index count) {
    if (stride == static_cast<Index>(width)) {
        std::memcpy(to, from, static_cast<std::size_t>(count) * width);
        return;
    }
    for (Index k = 0; k < count; ++k) std::memcpy(to + k * static_cast<Index>(width), from + k * stride, width);
}

// Ask for the lines of the cache that hold `count` cells, or the gaps between them.
template <int for_writing>
void fetch_row(const char* from, Index stride, Index count) {
    constexpr Index line = 64;
    const char* first = stride < 0 ? from + (count - 1) * stride : from;
    const Index bytes = magnitude(stride) * count;
    for (Index at = 0; at < bytes + line - 1; at += line) __builtin_prefetch(first + at, for_writing);
}

// A tile of two axes of an array: rows along the axis that is read, columns along the one that is written.
struct Corner {
    const char* from;
    char* to;
    Index rows, columns;
};

template <std::size_t width>
class Tiles {
public:
    static constexpr Index edge = width <= 4 ? 64 : 32;

    Tiles(Index from_row, Index from_column, Index to_row)
        : from_row_(from_row), from_column_(from_column), to_row_(to_row) {}

    // Copy a tile, and ask for the next one: what is far away takes as long to come as a tile takes to be copied.
    void copy(const Corner& tile, const Corner& next) {
        for (Index column = 0; column < tile.columns; ++column) {
            if (column < next.columns) fetch_row<0>(next.from + column * from_column_, from_row_, next.rows);
            const char* from = tile.from + column * from_column_;
            char* kept = kept_ + column * cell;
            for (Index row = 0; row < tile.rows; ++row) std::memcpy(kept + row * pitch, from + row * from_row_, width);
        }
        const auto bytes = static_cast<std::size_t>(tile.columns * cell);
        for (Index row = 0; row < tile.rows; ++row) {
            if (row < next.rows) fetch_row<1>(next.to + row * to_row_, cell, next.columns);
            std::memcpy(tile.to + row * to_row_, kept_ + row * pitch, bytes);
        }
    }

private:
    static constexpr Index cell = static_cast<Index>(width), pitch = edge * cell;

    const Index from_row_, from_column_, to_row_;
    alignas(64) char kept_[edge * pitch];
};

// `along` is the axis along which the source is read, 0 or 1.  The axis that is in no tile goes outside of the tiles, or
// innermost where its neighbours are the nearest in the target: the fewest pages of memory are then in use at a time.
template <std::size_t width>
void copy_tiles(const Cells& source, const Cells& out, int along) {
    Tiles<width> tiles(source.stride[along], source.stride[2], out.stride[along]);
    constexpr Index edge = Tiles<width>::edge;
    const Index outside = along == 0 ? 1 : source.size[0], inside = along == 0 ? source.size[1] : 1;
    Corner waiting{nullptr, nullptr, 0, 0};
    for (Index i = 0; i < outside; ++i) {
        for (Index row = 0; row < source.size[along]; row += edge) {
            for (Index column = 0; column < source.size[2]; column += edge) {
                for (Index j = 0; j < inside; ++j) {
                    const Index first = along == 0 ? row : i, second = along == 0 ? j : row;
                    const Corner next{source.at(first, second, column), out.at(first, second, column),
                                      std::min(edge, source.size[along] - row), std::min(edge, source.size[2] - column)};
                    tiles.copy(waiting, next);
                    waiting = next;
                }
            }
        }
    }
    tiles.copy(waiting, {nullptr, nullptr, 0, 0});
}

// Copy all cells of `width` bytes to a target of the same sizes whose last axis is contiguous.
template <std::size_t width>
void copy_cells(const Cells& source, const Cells& out) {
    const int along = nearest_axis(source);
    if (along < 2) {
        copy_tiles<width>(source, out, along);
        return;
    }
    for (Index i = 0; i < source.size[0]; ++i) {
        for (Index j = 0; j < source.size[1]; ++j) {
            copy_row<width>(source.at(i, j, 0), source.stride[2], out.at(i, j, 0), source.size[2]);
        }
    }
}

}  // namespace hdgpu::copying
