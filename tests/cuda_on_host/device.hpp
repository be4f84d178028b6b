// Devices that are no more than memory of the host and queues of work.
//
// A queue runs as late as CUDA allows: only when somebody waits for it.  So work that nothing waits for, memory that is
// used again too early and copies that overtake one another show every time, and not only where a device is slow.
#pragma once

#include <driver_types.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#define ENTRY extern "C" __attribute__((visibility("default")))

namespace cuda_on_host {

constexpr int DEVICES = 2;
constexpr std::size_t MEMORY = 4ull << 30;  // of each
constexpr unsigned NON_BLOCKING = cudaStreamNonBlocking;
constexpr int VERSION = 13000;

using Work = std::function<void()>;

struct Stream {
    int device = 0;
    unsigned flags = 0;
    int priority = 0;
    std::deque<Work> work = {};
    unsigned long long put = 0, done = 0;
    bool destroyed = false;  // what was put there runs all the same
};

// A place in a stream, which is reached when what was put there before it is done.
struct Mark {
    Stream* stream = nullptr;
    unsigned long long at = 0;
};

struct Event {
    int device = 0;
    Mark mark = {};
};

struct Block {
    std::size_t size;
    int device;
};

// Whole state, under one lock: what runs holds it, and calls nothing of Python's.
inline std::recursive_mutex gate;
inline std::array<Stream, DEVICES> null_streams = [] {
    std::array<Stream, DEVICES> made;
    for (int device = 0; device < DEVICES; ++device) made[device].device = device;
    return made;
}();
inline std::set<Stream*> streams;
inline std::map<char*, Block> device_memory;
inline std::map<char*, std::size_t> pinned_memory;
inline std::size_t used[DEVICES] = {};
inline thread_local int current_device = 0;
inline thread_local int last_error = cudaSuccess;

// Say on standard error what was done wrong, for which CUDA has a number only.
inline int refuse(int error, const char* why) {
    std::fprintf(stderr, "CUDA on the host: %s\n", why);
    return last_error = error;
}

inline bool alive(const Stream* stream) {
    for (const Stream& each : null_streams)
        if (stream == &each) return true;
    return streams.count(const_cast<Stream*>(stream)) > 0;
}

// Null, and the names 1 and 2 for it, are the current device's own stream.
inline Stream* stream_of(void* handle) {
    if (reinterpret_cast<std::uintptr_t>(handle) <= 2) return &null_streams[current_device];
    Stream* const stream = static_cast<Stream*>(handle);
    return alive(stream) && !stream->destroyed ? stream : nullptr;
}

inline void drain(Stream* stream, unsigned long long until) {
    while (stream->done < until && !stream->work.empty()) {
        const Work work = std::move(stream->work.front());
        stream->work.pop_front();
        work();
        ++stream->done;
    }
}
inline void drain(Stream* stream) { drain(stream, stream->put); }
inline void reach(const Mark& mark) {
    if (mark.stream && alive(mark.stream)) drain(mark.stream, mark.at);
}
inline void drain_all() {
    for (Stream& each : null_streams) drain(&each);
    for (Stream* each : streams) drain(each);
    for (auto each = streams.begin(); each != streams.end();) {
        const Stream* const stream = *each;
        each = stream->destroyed ? streams.erase(each) : std::next(each);
        if (stream->destroyed) delete stream;
    }
}

// The null stream waits for all blocking streams of its device, and they for it.
inline void put(Stream* stream, Work work) {
    std::vector<Mark> before;
    Stream* const null_stream = &null_streams[stream->device];
    if (stream == null_stream) {
        for (Stream* each : streams)
            if (each->device == stream->device && !(each->flags & NON_BLOCKING)) before.push_back({each, each->put});
    } else if (!(stream->flags & NON_BLOCKING)) {
        before.push_back({null_stream, null_stream->put});
    }
    stream->work.push_back([before, work = std::move(work)] {
        for (const Mark& each : before) reach(each);
        work();
    });
    ++stream->put;
}

template <typename Held>
auto holding(Held& memory, const void* at) {
    auto block = memory.upper_bound(static_cast<char*>(const_cast<void*>(at)));
    return block == memory.begin() ? memory.end() : --block;
}

// The device that all of the bytes lie on; -1 if none does.
inline int device_of(const void* at, std::size_t size = 1) {
    const auto block = holding(device_memory, at);
    if (block == device_memory.end()) return -1;
    return static_cast<const char*>(at) + size <= block->first + block->second.size ? block->second.device : -1;
}

inline bool is_pinned(const void* at) {
    const auto block = holding(pinned_memory, at);
    return block != pinned_memory.end() && static_cast<const char*>(at) < block->first + block->second;
}

}  // namespace cuda_on_host
