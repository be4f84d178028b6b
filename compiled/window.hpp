// Stored values through slope and intercept and a window with straight flanks.
//
// Contract: equals `affine` and `ramp` of hdgpu/pixels/reference.py bit for bit: every step is rounded in float64, the
// last one to float32 where that is the output.  Compiled with -ffp-contract=off, so that no step is fused.
#pragma once

#include <cstddef>

namespace hdgpu {

struct Window {
    double slope;
    double intercept;
    double low;
    double gain;
    double base;
    double bottom;
    double top;
};

template <typename In, typename Out>
void apply_window(const In* stored, Out* out, std::size_t count, const Window& window) {
    const Window w = window;  // in registers: `out` might overlap what a reference refers to
    for (std::size_t i = 0; i < count; ++i) {
        const double value = static_cast<double>(stored[i]) * w.slope + w.intercept;
        const double ramp = (value - w.low) * w.gain + w.base;
        const double above = ramp < w.bottom ? w.bottom : ramp;
        out[i] = static_cast<Out>(above > w.top ? w.top : above);
    }
}

}  // namespace hdgpu
