// One colour through a three-dimensional table: the integers that hdgpu/pixels/tetrahedral.py defines.
#pragma once

#include "runs.cuh"

#define FRACTION_BITS 14
#define ONE (1 << 15)

// What a stored value of a channel adds to the lowest node of its cell, and its position within the cell.
struct alignas(8) Cell {
    int32 corner, fraction;
};

// A node's three values and one that is not used, so that it is one load.
typedef Run<int32, 4> Node;

// The interpolated values, 0 to ONE.  Of two equal fractions either may go first.
HDGPU_INLINE void interpolate(const Node* nodes, int32 points, Cell red, Cell green, Cell blue, int32 values[3]) {
    const int32 x = red.fraction, y = green.fraction, z = blue.fraction;
    const int32 larger = x > y ? x : y, largest = larger > z ? larger : z;
    const int32 smaller = x < y ? x : y, smallest = smaller < z ? smaller : z;
    const int32 middle = x + y + z - largest - smallest;
    const int32 first = x == largest ? points * points : y == largest ? points : 1;
    const int32 last = z == smallest ? 1 : y == smallest ? points : points * points;
    const int32 lowest = red.corner + green.corner + blue.corner;
    const int32 highest = lowest + points * points + points + 1;
    const Node corners[4] = {nodes[lowest], nodes[lowest + first], nodes[highest - last], nodes[highest]};
    const int32 weights[4] = {(1 << FRACTION_BITS) - largest, largest - middle, middle - smallest, smallest};
#pragma unroll
    for (int channel = 0; channel < 3; ++channel) {
        int32 total = 1 << (FRACTION_BITS - 1);
#pragma unroll
        for (int corner = 0; corner < 4; ++corner) total += corners[corner].value[channel] * weights[corner];
        total >>= FRACTION_BITS;
        values[channel] = total < 0 ? 0 : total < ONE ? total : ONE;
    }
}
