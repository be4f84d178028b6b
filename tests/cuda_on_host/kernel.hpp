// Enough of CUDA to run a kernel on the host: its blocks one after another, and the threads of each.
//
// A kernel without __syncthreads runs its threads in a loop.  Where it waits for its block, each thread has a stack of
// its own and they take turns.  `reverse` runs blocks and threads from the last to the first: nothing may depend on it.
#pragma once

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

using std::exp;
using std::floor;
using std::memcpy;
using std::nearbyint;
using std::rint;
using std::sqrt;

#ifdef WITH_CUDA_HEADERS  // of CuPy's kernels
#include <cuda_fp16.h>
#include <vector_types.h>
#undef __global__
#undef __device__
#undef __host__
#undef __forceinline__
#undef __noinline__
#undef __shared__
#undef __launch_bounds__
#define __CUDACC_VER_MAJOR__ 13
#else
struct dim3 {
    unsigned x, y, z;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
#endif

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__
#define __restrict__ __restrict
#define __shared__ static
#define __launch_bounds__(...)

static dim3 blockIdx, threadIdx, blockDim, gridDim;

template <typename Word>
inline void __stwb(Word* at, Word value) {
    *at = value;
}

template <typename Word>
inline Word atomicOr(Word* at, std::common_type_t<Word> value) {
    const Word before = *at;
    *at |= value;
    return before;
}
template <typename Word>
inline Word atomicAdd(Word* at, std::common_type_t<Word> value) {
    const Word before = *at;
    *at += value;
    return before;
}
template <typename Word>
inline Word atomicMin(Word* at, std::common_type_t<Word> value) {
    const Word before = *at;
    if (value < before) *at = value;
    return before;
}
template <typename Word>
inline Word atomicMax(Word* at, std::common_type_t<Word> value) {
    const Word before = *at;
    if (value > before) *at = value;
    return before;
}

namespace on_host {

constexpr std::size_t STACK = 64 << 10;
static ucontext_t scheduler;
static ucontext_t* running = nullptr;

inline void wait_for_block() { swapcontext(running, &scheduler); }

// The arguments of a launch: a kernel may be run long after it was launched.
template <typename... Types>
using Arguments = std::tuple<std::remove_cv_t<Types>...>;

template <typename... Types, std::size_t... Places>
Arguments<Types...> taken(void** arguments, std::index_sequence<Places...>) {
    return {*static_cast<std::remove_cv_t<Types>*>(arguments[Places])...};
}
template <typename... Types>
Arguments<Types...> taken(void (*)(Types...), void** arguments) {
    return taken<Types...>(arguments, std::index_sequence_for<Types...>());
}

template <typename Work>
void each(dim3 size, bool reverse, const Work& work) {
    const unsigned long long count = 1ull * size.x * size.y * size.z;
    for (unsigned long long i = 0; i < count; ++i) {
        const unsigned long long at = reverse ? count - 1 - i : i;
        work(dim3{static_cast<unsigned>(at % size.x), static_cast<unsigned>(at / size.x % size.y),
                  static_cast<unsigned>(at / size.x / size.y)});
    }
}

// The work of the thread that was started last; it has taken what it needs before another one is started.
static void (*entered)(void*);
static void* entered_with;
inline void enter() { entered(entered_with); }

// Threads that wait for one another: each goes on to its next __syncthreads, in turn, until all have ended.
template <typename Work>
void in_turns(dim3 size, bool reverse, const Work& work) {
    struct Thread {
        ucontext_t context;
        dim3 index;
        char* stack;
        const Work* work;
        bool ended;
    };
    static std::vector<std::unique_ptr<char[]>> stacks;  // kept from block to block, their bytes as they were left
    std::vector<Thread> threads;
    each(size, reverse, [&](dim3 index) {
        if (stacks.size() == threads.size()) stacks.emplace_back(new char[STACK]);
        threads.push_back({{}, index, stacks[threads.size()].get(), &work, false});
    });
    entered = [](void* with) {
        Thread* thread = static_cast<Thread*>(with);
        (*thread->work)(thread->index);
        thread->ended = true;
        swapcontext(&thread->context, &scheduler);
    };
    for (Thread& thread : threads) {
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack;
        thread.context.uc_stack.ss_size = STACK;
        thread.context.uc_link = nullptr;
        makecontext(&thread.context, enter, 0);
    }
    for (bool left = true; left;) {
        left = false;
        for (Thread& thread : threads) {
            if (thread.ended) continue;
            left = true;
            threadIdx = thread.index;
            running = &thread.context;
            entered_with = &thread;
            swapcontext(&scheduler, &thread.context);
        }
    }
}

// Blocks of a grid, which is blocks and threads along x, y and z: those from the first on, or all.
template <typename Kernel, typename Held>
void launch(Kernel kernel, const Held& arguments, const unsigned* grid, const unsigned* first, const unsigned* blocks,
            bool waits, bool reverse) {
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {grid[3], grid[4], grid[5]};
    each({blocks[0], blocks[1], blocks[2]}, reverse, [&](dim3 block) {
        blockIdx = {first[0] + block.x, first[1] + block.y, first[2] + block.z};
        auto thread = [&](dim3 index) {
            threadIdx = index;
            std::apply(kernel, arguments);
        };
        waits ? in_turns(blockDim, reverse, thread) : each(blockDim, reverse, thread);
    });
}

// For launches that are run later.
template <typename... Types>
void* captured(void (*kernel)(Types...), void** arguments) {
    return new Arguments<Types...>(taken(kernel, arguments));
}
template <typename... Types>
void run(void (*kernel)(Types...), void* held, const unsigned* grid, bool waits, bool reverse) {
    const std::unique_ptr<Arguments<Types...>> arguments(static_cast<Arguments<Types...>*>(held));
    const unsigned first[] = {0, 0, 0};
    launch(kernel, *arguments, grid, first, grid, waits, reverse);
}

}  // namespace on_host

inline void __syncthreads() { on_host::wait_for_block(); }
