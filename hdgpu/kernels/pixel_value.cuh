// One stored value to one output value: the transforms of hdgpu/pixels/reference.py, step by step as there.
#pragma once

#include "convert.cuh"

// Operations; macros, for the preprocessor chooses between them.
#define IDENTITY 0
#define AFFINE 1
#define RAMP 2
#define SIGMOID 3
#define TABLE 4

// What a frame's values are transformed with, as it lies in memory; hdgpu/pixels/device.py fills it.
struct FrameParameters {
    float64 slope, intercept;
    float64 first, second, third;  // of a ramp low, gain, base; of a sigmoid center, width, factor
    float64 bottom, top;           // of the output range
    float64 least, most;           // stored values that may be mapped
    float64 table;                 // number of its table
};

HDGPU_INLINE float64 clamped(float64 value, float64 least, float64 most) {
    return value < least ? least : value > most ? most : value;  // NaN stays NaN
}

HDGPU_INLINE float64 ramp(float64 value, const FrameParameters& frame) {
    return clamped((value - frame.first) * frame.second + frame.third, frame.bottom, frame.top);
}

HDGPU_INLINE float64 sigmoid(float64 value, const FrameParameters& frame) {
    const float64 power = exp(frame.third * (value - frame.first) / frame.second);
    return (frame.top - frame.bottom) / (1.0 + power) + frame.bottom;
}

// The place of a stored value in a table: its bits, read as unsigned.
HDGPU_INLINE Index table_index(uint8 stored) { return stored; }
HDGPU_INLINE Index table_index(int8 stored) { return static_cast<uint8>(stored); }
HDGPU_INLINE Index table_index(uint16 stored) { return stored; }
HDGPU_INLINE Index table_index(int16 stored) { return static_cast<uint16>(stored); }
