// Values between voxels along the axes of the array: each axis of the source follows one axis of the target.
//
// Contract: hdgpu/volume/resampling/reference.py, bit for bit; compiled with -ffp-contract=off, so that no step is
// fused.  An axis is interpolated by a table: for each index of the target the one, two or four indices of the source
// that it is made of, and their weights.  Axis 2 goes first, then 1, then 0.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

namespace hdgpu::resample {

using Index = std::ptrdiff_t;

// Three axes of an array, strides in elements.
struct View {
    char* data;
    Index size[3];
    Index stride[3];
    Index width;  // bytes of an element

    char* at(Index i, Index j) const { return data + (i * stride[0] + j * stride[1]) * width; }
};

// Of the target's indices begin .. begin + count lie inside the source, each made of `taps` of its indices.
template <typename Work>
struct Axis {
    Index begin, count;
    int taps;
    const std::int32_t* index;  // [count][taps]
    const Work* weights;        // taps 1: none; 2: [count], of the second; 4: [count][4]
};

// --- Rows in and out -------------------------------------------------------------------------------------------------

template <typename Work>
using Load = void (*)(const char* row, Index stride, Index count, Work* into);

template <typename In, typename Work>
void load_row(const char* row, Index stride, Index count, Work* into) {
    const In* values = reinterpret_cast<const In*>(row);
    if (stride == 1) {
        for (Index k = 0; k < count; ++k) into[k] = static_cast<Work>(values[k]);
    } else {
        for (Index k = 0; k < count; ++k) into[k] = static_cast<Work>(values[k * stride]);
    }
}

template <typename Work>
using Store = void (*)(const Work* values, char* row, Index stride, Index count);

// Nearest integer, halves to even, for values of a magnitude below 2^22 (float) or 2^51 (double).
inline float rounded(float value) { return value + 12582912.0f - 12582912.0f; }
inline double rounded(double value) { return value + 6755399441055744.0 - 6755399441055744.0; }

template <typename Work, typename Out>
Out converted(Work value) {
    if constexpr (std::is_floating_point_v<Out>) {
        return static_cast<Out>(value);
    } else {
        static_assert(sizeof(Out) < sizeof(Work), "its bounds must be exact, and small enough to round to");
        constexpr Work low = std::numeric_limits<Out>::min(), high = std::numeric_limits<Out>::max();
        value = value < low ? low : value;
        value = value > high ? high : value;
        using Integer = std::conditional_t<std::is_same_v<Out, std::uint32_t>, std::int64_t, std::int32_t>;
        return static_cast<Out>(static_cast<Integer>(rounded(value)));
    }
}

template <typename Work, typename Out>
void store_row(const Work* values, char* row, Index stride, Index count) {
    Out* out = reinterpret_cast<Out*>(row);
    if (stride == 1) {
        for (Index k = 0; k < count; ++k) out[k] = converted<Work, Out>(values[k]);
    } else {
        for (Index k = 0; k < count; ++k) out[k * stride] = converted<Work, Out>(values[k]);
    }
}

template <typename Element>
void fill_elements(char* row, Index stride, Index count, const char* value) {
    Element element;
    std::memcpy(&element, value, sizeof(Element));
    Element* out = reinterpret_cast<Element*>(row);
    for (Index k = 0; k < count; ++k) out[k * stride] = element;
}

inline void fill_row(char* row, Index stride, Index count, const char* value, Index width) {
    switch (width) {
        case 1: return fill_elements<std::uint8_t>(row, stride, count, value);
        case 2: return fill_elements<std::uint16_t>(row, stride, count, value);
        case 4: return fill_elements<std::uint32_t>(row, stride, count, value);
        default: return fill_elements<std::uint64_t>(row, stride, count, value);
    }
}

// --- Interpolation ---------------------------------------------------------------------------------------------------

// A weight of zero leaves its voxel out, whatever that is: not a number times zero is not zero.
template <typename Work>
inline Work between(Work first, Work second, Work weight) {
    const Work value = first + weight * (second - first);
    return weight > 0 ? value : first;
}

template <typename Work>
void along_row(const Axis<Work>& axis, const Work* row, Work* out) {
    const std::int32_t* index = axis.index;
    const Work* weights = axis.weights;
    if (axis.taps == 1) {
        for (Index k = 0; k < axis.count; ++k) out[k] = row[index[k]];
    } else if (axis.taps == 2) {
        for (Index k = 0; k < axis.count; ++k) out[k] = between(row[index[2 * k]], row[index[2 * k + 1]], weights[k]);
    } else {
        for (Index k = 0; k < axis.count; ++k, index += 4, weights += 4) {
            out[k] = ((weights[0] * row[index[0]] + weights[1] * row[index[1]]) + weights[2] * row[index[2]]) +
                     weights[3] * row[index[3]];
        }
    }
}

// Rows of number `index[0]`, ... combined to one: the row itself where nothing is to be computed.
template <typename Work, typename RowOf>
const Work* across_rows(const Axis<Work>& axis, Index at, RowOf row_of, Index count, Work* out) {
    const std::int32_t* index = axis.index + at * axis.taps;
    const Work* first = row_of(index[0]);
    if (axis.taps == 1) return first;
    if (axis.taps == 2) {
        const Work weight = axis.weights[at];
        if (!(weight > 0)) return first;
        const Work* second = row_of(index[1]);
        for (Index k = 0; k < count; ++k) out[k] = first[k] + weight * (second[k] - first[k]);
        return out;
    }
    const Work* w = axis.weights + at * 4;
    const Work *second = row_of(index[1]), *third = row_of(index[2]), *fourth = row_of(index[3]);
    for (Index k = 0; k < count; ++k) {
        out[k] = ((w[0] * first[k] + w[1] * second[k]) + w[2] * third[k]) + w[3] * fourth[k];
    }
    return out;
}

// Planes of the source, interpolated along axes 2 and 1.  Each is made once, as planes are asked for in turn.
template <typename Work>
class Planes {
public:
    Planes(const View& source, const Axis<Work>* axes, Load<Work> load)
        : source_(source), rows_(axes[1]), columns_(axes[2]), load_(load), held_(axes[0].taps, -1),
          kept_(axes[0].taps * rows_.count * columns_.count), needed_(source.size[1], 0),
          loaded_(source.size[2]), wide_(source.size[1] * columns_.count) {
        for (Index k = 0; k < rows_.count * rows_.taps; ++k) needed_[rows_.index[k]] = 1;
    }

    const Work* plane(Index number) {
        const Index slot = number % static_cast<Index>(held_.size());  // those of one target plane are neighbours
        Work* plane = kept_.data() + slot * rows_.count * columns_.count;
        if (held_[slot] != number) {
            make(number, plane);
            held_[slot] = number;
        }
        return plane;
    }

private:
    void make(Index number, Work* plane) {
        const Index count = columns_.count;
        for (Index row = 0; row < source_.size[1]; ++row) {
            if (!needed_[row]) continue;
            load_(source_.at(number, row), source_.stride[2], source_.size[2], loaded_.data());
            along_row(columns_, loaded_.data(), wide_.data() + row * count);
        }
        const auto row_of = [&](Index row) { return wide_.data() + row * count; };
        for (Index j = 0; j < rows_.count; ++j) {
            const Work* row = across_rows(rows_, j, row_of, count, plane + j * count);
            if (row != plane + j * count) std::memcpy(plane + j * count, row, count * sizeof(Work));
        }
    }

    const View source_;
    const Axis<Work> rows_, columns_;
    const Load<Work> load_;
    std::vector<Index> held_;
    std::vector<Work> kept_;
    std::vector<char> needed_;
    std::vector<Work> loaded_, wide_;
};

inline void fill_plane(const View& out, Index i, const char* fill) {
    for (Index j = 0; j < out.size[1]; ++j) fill_row(out.at(i, j), out.stride[2], out.size[2], fill, out.width);
}

// Write planes first .. last of `out`; `row_into(i, j, row)` writes what of a row lies inside.
template <typename Work, typename RowInto>
void write_planes(const View& out, const Axis<Work>* axes, const char* fill, Index first, Index last,
                  RowInto row_into) {
    const Index stride = out.stride[2], begin = axes[2].begin, end = begin + axes[2].count;
    for (Index i = first; i < last; ++i) {
        if (i < axes[0].begin || i >= axes[0].begin + axes[0].count) {
            fill_plane(out, i, fill);
            continue;
        }
        for (Index j = 0; j < out.size[1]; ++j) {
            char* row = out.at(i, j);
            if (j < axes[1].begin || j >= axes[1].begin + axes[1].count) {
                fill_row(row, stride, out.size[2], fill, out.width);
                continue;
            }
            fill_row(row, stride, begin, fill, out.width);
            row_into(i - axes[0].begin, j - axes[1].begin, row + begin * stride * out.width);
            fill_row(row + end * stride * out.width, stride, out.size[2] - end, fill, out.width);
        }
    }
}

template <typename Work>
void along_axes(const View& source, const View& out, const Axis<Work>* axes, Load<Work> load, Store<Work> store,
                const char* fill, Index first, Index last) {
    Planes<Work> planes(source, axes, load);
    const Index count = axes[2].count;
    std::vector<Work> combined(count);
    write_planes(out, axes, fill, first, last, [&](Index i, Index j, char* row) {
        const auto row_of = [&](Index number) { return planes.plane(number) + j * count; };
        store(across_rows(axes[0], i, row_of, count, combined.data()), row, out.stride[2], count);
    });
}

// Voxels of the source as they are, for elements of any kind; tables of one tap.
template <typename Element>
void pick(const View& source, const View& out, const Axis<float>* axes, const char* fill, Index first, Index last) {
    const Index to = out.stride[2], from = source.stride[2], count = axes[2].count;
    const std::int32_t* columns = axes[2].index;
    const char *row_before = nullptr, *written_before = nullptr;
    write_planes(out, axes, fill, first, last, [&](Index i, Index j, char* row) {
        const char* source_row = source.at(axes[0].index[i], axes[1].index[j]);
        if (source_row == row_before && to == 1) {
            std::memcpy(row, written_before, count * sizeof(Element));
        } else {
            const Element* values = reinterpret_cast<const Element*>(source_row);
            Element* into = reinterpret_cast<Element*>(row);
            for (Index k = 0; k < count; ++k) into[k * to] = values[columns[k] * from];
        }
        row_before = source_row;
        written_before = row;
    });
}

}  // namespace hdgpu::resample
