// Elements that a thread takes one after another, and moves at once where they are aligned.
#pragma once

#include "common.cuh"

#define HDGPU_RUN_ALIGNMENT(bytes) \
    ((bytes) % 16 == 0 ? 16 : (bytes) % 8 == 0 ? 8 : (bytes) % 4 == 0 ? 4 : (bytes) % 2 == 0 ? 2 : 1)

template <typename Element, int Count>
struct alignas(HDGPU_RUN_ALIGNMENT(sizeof(Element) * Count)) Run {
    Element value[Count];
};

template <typename Run, typename Element>
HDGPU_INLINE bool is_aligned(const Element* at) {
    return reinterpret_cast<uint64>(at) % alignof(Run) == 0;
}

template <typename Element, int Count>
HDGPU_INLINE Run<Element, Count> load_run(const Element* at) {
    return *reinterpret_cast<const Run<Element, Count>*>(at);
}

template <typename Word, typename Element, int Count>
HDGPU_INLINE void store_words(Element* at, const Run<Element, Count>& run) {
#pragma unroll
    for (int i = 0; i < static_cast<int>(sizeof run / sizeof(Word)); ++i) {
        Word word;
        memcpy(&word, reinterpret_cast<const char*>(&run) + i * sizeof word, sizeof word);
        __stwb(reinterpret_cast<Word*>(at) + i, word);
    }
}

// In words as large as may be, by an intrinsic: a plain assignment of floats is taken apart into one store for each.
template <typename Element, int Count>
HDGPU_INLINE void store_run(Element* at, const Run<Element, Count>& run) {
    if constexpr (alignof(Run<Element, Count>) == 16) {
        store_words<uint4>(at, run);
    } else if constexpr (alignof(Run<Element, Count>) == 8) {
        store_words<uint2>(at, run);
    } else {
        *reinterpret_cast<Run<Element, Count>*>(at) = run;
    }
}
