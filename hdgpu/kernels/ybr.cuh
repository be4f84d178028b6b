// YCbCr of 8 bits to RGB (PS3.3 C.7.6.3.1.2), with the fused steps that matrix products on the host take.
#pragma once

#include "common.cuh"

struct YbrMatrix {
    float32 darkest;                               // luma of black
    float32 luma, red_of_cr, green_of_cb, green_of_cr, blue_of_cb;
};

HDGPU_INLINE YbrMatrix ybr_matrix(bool partial) {
    if (partial) return {16.0f, 1.1644f, 1.5960f, -0.3917f, -0.8129f, 2.0173f};
    return {0.0f, 1.0f, 1.402f, static_cast<float32>(-0.114 * 1.772 / 0.587),
            static_cast<float32>(-0.299 * 1.402 / 0.587), 1.772f};
}

// To the nearest, halves up.
HDGPU_INLINE uint8 to_byte(float32 value) {
    const float32 whole = floorf(value + 0.5f);
    return static_cast<uint8>(whole < 0.0f ? 0.0f : whole > 255.0f ? 255.0f : whole);
}

// Luma first, then what Cb and what Cr add to it, each rounded once.
HDGPU_INLINE void ybr_to_rgb(const YbrMatrix& matrix, uint8 luma, uint8 cb, uint8 cr, uint8* rgb) {
    const float32 grey = (static_cast<float32>(luma) - matrix.darkest) * matrix.luma;
    const float32 blue = static_cast<float32>(cb) - 128.0f, red = static_cast<float32>(cr) - 128.0f;
    rgb[0] = to_byte(fmaf(red, matrix.red_of_cr, grey));
    rgb[1] = to_byte(fmaf(red, matrix.green_of_cr, fmaf(blue, matrix.green_of_cb, grey)));
    rgb[2] = to_byte(fmaf(blue, matrix.blue_of_cb, grey));
}
