// What CuPy's kernels use of CUDA besides: they are compiled with CUDA's own headers.
#pragma once
#define WITH_CUDA_HEADERS
#include <algorithm>
#include <cassert>
#include <climits>
#include <cstdint>
#include "kernel.hpp"
using std::abs, std::isfinite, std::isinf, std::isnan, std::max, std::min, std::signbit;
static const int warpSize = 32;
template <typename To, typename From>
inline To same_bits(From from) {
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}
inline float __int_as_float(int bits) { return same_bits<float>(bits); }
inline int __float_as_int(float value) { return same_bits<int>(value); }
inline double __longlong_as_double(long long bits) { return same_bits<double>(bits); }
inline long long __double_as_longlong(double value) { return same_bits<long long>(value); }
inline int __popc(unsigned word) { return __builtin_popcount(word); }
inline int __popcll(unsigned long long word) { return __builtin_popcountll(word); }
inline int __clz(int word) { return word ? __builtin_clz(word) : 32; }
template <typename Word>
inline Word atomicExch(Word* at, std::common_type_t<Word> value) {
    return std::exchange(*at, value);
}
template <typename Word>
inline Word atomicCAS(Word* at, std::common_type_t<Word> expected, std::common_type_t<Word> value) {
    const Word before = *at;
    if (before == expected) *at = value;
    return before;
}
