// Values between voxels across the axes of the array: a rotated grid.
//
// Contract: hdgpu/volume/resampling/reference.py, bit for bit.  A row of the target is a straight line through the
// source.  What of it lies inside is known before its voxels are visited; deep inside, where all neighbours exist, the
// loop has no test at all.  Everything else takes the careful way, which is the contract itself.
#pragma once

#include <algorithm>

#include "resample.hpp"

namespace hdgpu::resample {

// So near to a multiple of half a voxel a coordinate counts as that.
constexpr double tolerance = 1e-6;

inline double snapped(double x) {
    constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52: what is added to it is rounded to an integer
    const double half = ((x + x) + magic - magic) * 0.5;
    return std::fabs(x - half) <= tolerance ? half : x;
}

// From the target's indices to the source's.
struct IndexMap {
    double offset[3];
    double step[3][3];  // [axis of the source][axis of the target]
};

struct Span {
    Index begin, end;
};

// A row of the target on its way through the source.
struct Line {
    double base[3], step[3];

    Line(const IndexMap& map, Index i, Index j) {
        for (int axis = 0; axis < 3; ++axis) {
            const double* steps = map.step[axis];
            base[axis] = (map.offset[axis] + steps[0] * static_cast<double>(i)) + steps[1] * static_cast<double>(j);
            step[axis] = steps[2];
        }
    }

    double at(int axis, Index k) const { return snapped(base[axis] + step[axis] * static_cast<double>(k)); }

    // Where within the span the coordinate along the axis is from low to high: it never turns.
    Span between(int axis, double low, double high, Span span) const {
        const double pace = step[axis];
        if (pace == 0) return low <= at(axis, 0) && at(axis, 0) <= high ? span : Span{span.begin, span.begin};
        const double enter = pace > 0 ? low - tolerance : high + tolerance;
        const double leave = pace > 0 ? high + tolerance : low - tolerance;
        const auto entered = [&](Index k) { return pace > 0 ? at(axis, k) >= low : at(axis, k) <= high; };
        const auto left = [&](Index k) { return pace > 0 ? at(axis, k) > high : at(axis, k) < low; };
        const Index begin = first_of(span, (enter - base[axis]) / pace, entered);
        return {begin, first_of({begin, span.end}, (leave - base[axis]) / pace, left)};
    }

private:
    // The first index of the span at which a condition that then stays holds; the guess is near it.
    template <typename Condition>
    static Index first_of(Span span, double guess, Condition holds) {
        const double begin = static_cast<double>(span.begin), end = static_cast<double>(span.end);
        Index k = static_cast<Index>(guess >= begin ? std::min(guess, end) : begin);
        while (k > span.begin && holds(k - 1)) --k;
        while (k < span.end && !holds(k)) ++k;
        return k;
    }
};

// Where all three coordinates lie from `low` to `high` of their axis.
inline Span span_of(const Line& line, Span span, const double* low, const double* high) {
    for (int axis = 0; axis < 3 && span.begin < span.end; ++axis) {
        span = line.between(axis, low[axis], high[axis], span);
    }
    return span;
}

// --- The kinds -------------------------------------------------------------------------------------------------------

constexpr int block = 128;

// Whole and fractional parts of the coordinates of a run of voxels, and the whole part's place in memory.
template <typename Work>
struct Block {
    double place[block];
    Work fraction[3][block];

    // `shift` is added to all coordinates, which then are not negative.
    void set(const Line& line, const Index* stride, Index first, int count, double shift) {
        double strides[3];
        for (int axis = 0; axis < 3; ++axis) strides[axis] = static_cast<double>(stride[axis]);
        const int begin = static_cast<int>(first);
        for (int k = 0; k < count; ++k) {
            const double at = static_cast<double>(begin + k);
            double x[3], whole[3];
            for (int axis = 0; axis < 3; ++axis) {
                x[axis] = snapped(line.base[axis] + line.step[axis] * at) + shift;
                whole[axis] = static_cast<double>(static_cast<std::int32_t>(x[axis]));
                fraction[axis][k] = static_cast<Work>(x[axis] - whole[axis]);
            }
            place[k] = (whole[0] * strides[0] + whole[1] * strides[1]) + whole[2] * strides[2];
        }
    }
};

template <typename Element>
struct Nearest {
    using Value = Element;
    static constexpr double margin_below = -0.5, margin_above = 0.5;

    static Element careful(const View& source, const double* x) {
        Index place = 0;
        for (int axis = 0; axis < 3; ++axis) {
            place += std::min(static_cast<Index>(x[axis] + 0.5), source.size[axis] - 1) * source.stride[axis];
        }
        return reinterpret_cast<const Element*>(source.data)[place];
    }

    static void run(const View& source, const Line& line, Index begin, int count, Element* out) {
        const Element* data = reinterpret_cast<const Element*>(source.data);
        Block<float> voxels;
        voxels.set(line, source.stride, begin, count, 0.5);
        for (int k = 0; k < count; ++k) out[k] = data[static_cast<Index>(voxels.place[k])];
    }
};

template <typename In, typename Work>
struct Linear {
    using Value = Work;
    static constexpr double margin_below = 0.0, margin_above = 1.0;

    static Work careful(const View& source, const double* x) {
        Index place = 0, next[3];
        Work weight[3];
        for (int axis = 0; axis < 3; ++axis) {
            const double inner = std::min(std::max(x[axis], 0.0), static_cast<double>(source.size[axis] - 1));
            const Index whole = static_cast<Index>(inner);
            weight[axis] = static_cast<Work>(inner - static_cast<double>(whole));
            next[axis] = weight[axis] > 0 ? source.stride[axis] : 0;
            place += whole * source.stride[axis];
        }
        const In* first = reinterpret_cast<const In*>(source.data) + place;
        const auto value = [&](const In* at) { return static_cast<Work>(*at); };
        const auto on_line = [&](const In* at) { return between(value(at), value(at + next[2]), weight[2]); };
        const auto in_plane = [&](const In* at) { return between(on_line(at), on_line(at + next[1]), weight[1]); };
        return between(in_plane(first), in_plane(first + next[0]), weight[0]);
    }

    static void run(const View& source, const Line& line, Index begin, int count, Work* out) {
        const In* data = reinterpret_cast<const In*>(source.data);
        const Index across = source.stride[0], down = source.stride[1], along = source.stride[2];
        Block<Work> voxels;
        voxels.set(line, source.stride, begin, count, 0.0);
        for (int k = 0; k < count; ++k) {
            const In* first = data + static_cast<Index>(voxels.place[k]);
            const Work u = voxels.fraction[0][k], v = voxels.fraction[1][k], w = voxels.fraction[2][k];
            const auto on_line = [&](const In* at) {
                const Work value = static_cast<Work>(at[0]);
                return value + w * (static_cast<Work>(at[along]) - value);
            };
            const auto in_plane = [&](const In* at) {
                const Work value = on_line(at);
                return value + v * (on_line(at + down) - value);
            };
            const Work value = in_plane(first);
            out[k] = value + u * (in_plane(first + across) - value);
        }
        if constexpr (std::is_floating_point_v<In>) mend(source, line, begin, count, out);
    }

    // A voxel of weight zero that is not finite has made a value not a number: rare, so looked for afterwards.
    static void mend(const View& source, const Line& line, Index begin, int count, Work* out) {
        for (int k = 0; k < count; ++k) {
            if (out[k] == out[k]) continue;
            const double x[3] = {line.at(0, begin + k), line.at(1, begin + k), line.at(2, begin + k)};
            out[k] = careful(source, x);
        }
    }
};

template <typename Work>
inline void spline_weights(Work t, Work* weights) {
    constexpr Work sixth = static_cast<Work>(1.0 / 6.0), two_thirds = static_cast<Work>(2.0 / 3.0);
    constexpr Work half = static_cast<Work>(0.5);
    const Work u = 1 - t, tt = t * t, uu = u * u;
    weights[0] = (uu * u) * sixth;
    weights[1] = two_thirds - (half * tt) * (2 - t);
    weights[2] = two_thirds - (half * uu) * (1 + t);
    weights[3] = (tt * t) * sixth;
}

// The source holds coefficients, and is contiguous.
template <typename Work>
struct Cubic {
    using Value = Work;
    static constexpr double margin_below = 1.0, margin_above = 2.0;

    // Axis 0 first, so that the four of a row are taken side by side.
    template <typename RowAt>
    static Work sum(RowAt row_at, const Work (*weights)[4], const Index* columns) {
        Work line[4] = {0, 0, 0, 0};
        for (int b = 0; b < 4; ++b) {
            const Work *first = row_at(0, b), *second = row_at(1, b), *third = row_at(2, b), *fourth = row_at(3, b);
            for (int c = 0; c < 4; ++c) {
                const Index at = columns[c];
                const Work* w = weights[0];
                const Work plane = ((w[0] * first[at] + w[1] * second[at]) + w[2] * third[at]) + w[3] * fourth[at];
                line[c] = b == 0 ? weights[1][0] * plane : line[c] + weights[1][b] * plane;
            }
        }
        const Work* w = weights[2];
        return ((w[0] * line[0] + w[1] * line[1]) + w[2] * line[2]) + w[3] * line[3];
    }

    static Work careful(const View& source, const double* x) {
        Index index[3][4];
        Work weights[3][4];
        for (int axis = 0; axis < 3; ++axis) {
            const double whole = std::floor(x[axis]);
            spline_weights(static_cast<Work>(x[axis] - whole), weights[axis]);
            const Index period = std::max<Index>(2 * (source.size[axis] - 1), 1);
            for (int tap = 0; tap < 4; ++tap) {
                const Index at = (static_cast<Index>(whole) + tap - 1 + 2 * period) % period;  // from -2 to size + 1
                index[axis][tap] = std::min(at, period - at) * source.stride[axis];
            }
        }
        const Work* data = reinterpret_cast<const Work*>(source.data);
        const auto row_at = [&](int a, int b) { return data + index[0][a] + index[1][b]; };
        return sum(row_at, weights, index[2]);
    }

    static void run(const View& source, const Line& line, Index begin, int count, Work* out) {
        constexpr Index columns[4] = {0, 1, 2, 3};
        const Index across = source.stride[0], down = source.stride[1];
        const Work* data = reinterpret_cast<const Work*>(source.data) - across - down - 1;
        Block<Work> voxels;
        voxels.set(line, source.stride, begin, count, 0.0);
        for (int k = 0; k < count; ++k) {
            const Work* first = data + static_cast<Index>(voxels.place[k]);
            Work weights[3][4];
            for (int axis = 0; axis < 3; ++axis) spline_weights(voxels.fraction[axis][k], weights[axis]);
            out[k] = sum([&](int a, int b) { return first + a * across + b * down; }, weights, columns);
        }
    }
};

// --- A volume --------------------------------------------------------------------------------------------------------

template <typename Kind>
void across_axes(const View& source, const View& out, const IndexMap& map, Store<typename Kind::Value> store,
                 const char* fill, Index first, Index last) {
    double low[3], high[3], deep_low[3], deep_high[3];
    for (int axis = 0; axis < 3; ++axis) {
        const double size = static_cast<double>(source.size[axis]);
        low[axis] = -0.5;
        high[axis] = size - 0.5;
        deep_low[axis] = Kind::margin_below;
        deep_high[axis] = std::nextafter(size - Kind::margin_above, -1.0);
    }
    const Index count = out.size[2], stride = out.stride[2];
    std::vector<typename Kind::Value> row(count);
    for (Index i = first; i < last; ++i) {
        for (Index j = 0; j < out.size[1]; ++j) {
            const Line line(map, i, j);
            const Span inside = span_of(line, {0, count}, low, high);
            const Span deep = span_of(line, inside, deep_low, deep_high);
            const auto careful = [&](Index begin, Index end) {
                for (Index k = begin; k < end; ++k) {
                    const double x[3] = {line.at(0, k), line.at(1, k), line.at(2, k)};
                    row[k] = Kind::careful(source, x);
                }
            };
            careful(inside.begin, deep.begin);
            for (Index k = deep.begin; k < deep.end; k += block) {
                Kind::run(source, line, k, static_cast<int>(std::min<Index>(block, deep.end - k)), row.data() + k);
            }
            careful(deep.end, inside.end);
            char* into = out.at(i, j);
            fill_row(into, stride, inside.begin, fill, out.width);
            const Index step = stride * out.width;
            store(row.data() + inside.begin, into + inside.begin * step, stride, inside.end - inside.begin);
            fill_row(into + inside.end * step, stride, count - inside.end, fill, out.width);
        }
    }
}

}  // namespace hdgpu::resample
