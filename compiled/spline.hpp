// The coefficients of the interpolating cubic B-spline, mirrored at the outermost voxels.
//
// Contract: hdgpu/volume/resampling/spline.py, bit for bit.  One recursion up the axis and one down, in place; lines
// are taken side by side, for each step of a recursion waits for the one before.
#pragma once

#include "resample.hpp"

namespace hdgpu::resample {

// sqrt(3) - 2, by which the filter's memory decays from voxel to voxel.
constexpr double pole = -0.26794919243112270647;

// Filter `lines` lines of `size` values, each `step` from the next; lines are `apart` from each other.  `start` has the
// weights of the first values that make up the first value of the recursion.
template <typename Work, typename Start>
inline void filter_lines(Work* data, Index size, Index step, Index lines, Index apart, const Start& start) {
    constexpr Work z = static_cast<Work>(pole), gain = static_cast<Work>(-6.0 * pole);
    constexpr Work last = static_cast<Work>(6.0 * pole / (pole * pole - 1.0));
    const auto line = [&](Index k, Index at) -> Work& { return data[k * step + at * apart]; };
    for (Index at = 0; at < lines; ++at) {
        Work sum = start[0] * line(0, at);
        for (std::size_t k = 1; k < start.size(); ++k) sum = sum + start[k] * line(static_cast<Index>(k), at);
        line(0, at) = sum;
    }
    for (Index k = 1; k < size; ++k) {
        for (Index at = 0; at < lines; ++at) line(k, at) = line(k, at) + z * line(k - 1, at);
    }
    for (Index at = 0; at < lines; ++at) line(size - 1, at) = last * (line(size - 1, at) + z * line(size - 2, at));
    for (Index k = size - 2; k >= 0; --k) {
        for (Index at = 0; at < lines; ++at) line(k, at) = z * line(k + 1, at) + gain * line(k, at);
    }
}

// Fill planes first .. last of the coefficients, filtered along axes 2 and 1 where they have a start.
template <typename Work>
void filter_planes(const View& source, Work* coefficients, Load<Work> load, const std::vector<Work>* starts,
                   Index first, Index last) {
    constexpr Index together = 8;
    const Index rows = source.size[1], columns = source.size[2];
    for (Index i = first; i < last; ++i) {
        Work* plane = coefficients + i * rows * columns;
        for (Index j = 0; j < rows; ++j) load(source.at(i, j), source.stride[2], columns, plane + j * columns);
        if (!starts[2].empty()) {
            Index j = 0;
            for (; j + together <= rows; j += together) {
                filter_lines(plane + j * columns, columns, Index{1}, together, columns, starts[2]);
            }
            filter_lines(plane + j * columns, columns, Index{1}, rows - j, columns, starts[2]);
        }
        if (!starts[1].empty()) filter_lines(plane, rows, columns, columns, Index{1}, starts[1]);
    }
}

// Filter rows first .. last of all planes along axis 0.
template <typename Work>
void filter_across(Work* coefficients, const Index* size, const std::vector<Work>& start, Index first, Index last) {
    for (Index j = first; j < last; ++j) {
        filter_lines(coefficients + j * size[2], size[0], size[1] * size[2], size[2], Index{1}, start);
    }
}

}  // namespace hdgpu::resample
