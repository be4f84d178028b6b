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

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
};
static dim3 blockIdx, threadIdx, blockDim, gridDim;

struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
template <typename Word>
inline void __stwb(Word* at, Word value) {
    *at = value;
}

template <typename Word>
inline Word atomicOr(Word* at, Word value) {
    const Word before = *at;
    *at |= value;
    return before;
}
template <typename Word>
inline Word atomicAdd(Word* at, Word value) {
    const Word before = *at;
    *at += value;
    return before;
}
template <typename Word>
inline Word atomicMin(Word* at, Word value) {
    const Word before = *at;
    if (value < before) *at = value;
    return before;
}
template <typename Word>
inline Word atomicMax(Word* at, Word value) {
    const Word before = *at;
    if (value > before) *at = value;
    return before;
}

namespace on_host {

constexpr std::size_t STACK = 64 << 10;
static ucontext_t scheduler;
static ucontext_t* running = nullptr;

inline void wait_for_block() { swapcontext(running, &scheduler); }

template <typename... Types, std::size_t... Places>
void call(void (*kernel)(Types...), void** arguments, std::index_sequence<Places...>) {
    static_assert(((sizeof(Types) == 8) && ...), "arguments are pointers, Index or double");
    kernel(*static_cast<std::remove_reference_t<Types>*>(arguments[Places])...);
}

template <typename... Types>
void call(void (*kernel)(Types...), void** arguments) {
    call(kernel, arguments, std::index_sequence_for<Types...>());
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

template <typename Kernel>
void launch(Kernel kernel, void** arguments, const unsigned* grid, const unsigned* first, const unsigned* blocks,
            bool waits, bool reverse) {
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {grid[3], grid[4], grid[5]};
    each({blocks[0], blocks[1], blocks[2]}, reverse, [&](dim3 block) {
        blockIdx = {first[0] + block.x, first[1] + block.y, first[2] + block.z};
        auto thread = [&](dim3 index) {
            threadIdx = index;
            call(kernel, arguments);
        };
        waits ? in_turns(blockDim, reverse, thread) : each(blockDim, reverse, thread);
    });
}

}  // namespace on_host

inline void __syncthreads() { on_host::wait_for_block(); }
