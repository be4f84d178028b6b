// The CUDA runtime that CuPy calls, on the devices of device.hpp.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "device.hpp"

using namespace cuda_on_host;
using Lock = std::lock_guard<std::recursive_mutex>;

// --- Errors and devices -----------------------------------------------------------------------------------------------

ENTRY int cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }

ENTRY const char* cudaGetErrorName(int error) {
    switch (error) {
        case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
        case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
        case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
        case cudaErrorNotReady: return "cudaErrorNotReady";
        case cudaErrorNotSupported: return "cudaErrorNotSupported";
        default: return "cudaErrorInvalidValue";
    }
}
ENTRY const char* cudaGetErrorString(int error) { return cudaGetErrorName(error); }

ENTRY int cudaDriverGetVersion(int* version) { return *version = VERSION, cudaSuccess; }
ENTRY int cudaRuntimeGetVersion(int* version) { return *version = VERSION, cudaSuccess; }
ENTRY int cudaGetDeviceCount(int* count) { return *count = DEVICES, cudaSuccess; }
ENTRY int cudaGetDevice(int* device) { return *device = current_device, cudaSuccess; }

ENTRY int cudaSetDevice(int device) {
    if (device < 0 || device >= DEVICES) return last_error = cudaErrorInvalidDevice;
    return current_device = device, cudaSuccess;
}

ENTRY int cudaDeviceGetAttribute(int* value, int attribute, int) {
    switch (attribute) {
        case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
        case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
        case cudaDevAttrMultiProcessorCount: *value = 4; break;
        case cudaDevAttrMaxSharedMemoryPerBlock: *value = 48 << 10; break;
        case cudaDevAttrWarpSize: *value = 32; break;
        case cudaDevAttrMaxGridDimX: *value = 0x7fffffff; break;
        case cudaDevAttrMaxGridDimY:
        case cudaDevAttrMaxGridDimZ: *value = 65535; break;
        default: *value = 0;
    }
    return cudaSuccess;
}

ENTRY int cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    std::strcpy(properties->name, "CUDA on the host");
    properties->totalGlobalMem = MEMORY;
    properties->major = 9;
    properties->warpSize = 32;
    properties->maxThreadsPerBlock = 1024;
    properties->multiProcessorCount = 4;
    properties->sharedMemPerBlock = 48 << 10;
    return cudaSuccess;
}

ENTRY int cudaDeviceSynchronize() {
    Lock lock(gate);
    return drain_all(), cudaSuccess;
}
ENTRY int cudaDeviceCanAccessPeer(int* can, int, int) { return *can = 0, cudaSuccess; }
ENTRY int cudaDeviceGetPCIBusId(char* name, int size, int device) {
    return std::snprintf(name, size, "0000:00:%02x.0", device), cudaSuccess;
}
ENTRY int cudaProfilerStart() { return cudaSuccess; }
ENTRY int cudaProfilerStop() { return cudaSuccess; }

// --- Memory -----------------------------------------------------------------------------------------------------------

static bool allocated(void** at, std::size_t size) {
    if (posix_memalign(at, 512, size ? size : 1)) return false;
    std::memset(*at, 0xA5, size);  // never zeros by chance
    return true;
}

ENTRY int cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    Lock lock(gate);
    return *total = MEMORY, *free = MEMORY - used[current_device], cudaSuccess;
}

ENTRY int cudaMalloc(void** at, std::size_t size) {
    Lock lock(gate);
    if (used[current_device] + size > MEMORY || !allocated(at, size)) return last_error = cudaErrorMemoryAllocation;
    device_memory[static_cast<char*>(*at)] = {size, current_device};
    used[current_device] += size;
    return cudaSuccess;
}

ENTRY int cudaFree(void* at) {
    Lock lock(gate);
    if (!at) return cudaSuccess;
    drain_all();
    const auto block = device_memory.find(static_cast<char*>(at));
    if (block == device_memory.end()) return refuse(cudaErrorInvalidValue, "freed what was not allocated");
    used[block->second.device] -= block->second.size;
    device_memory.erase(block);
    return std::free(at), cudaSuccess;
}

ENTRY int cudaHostAlloc(void** at, std::size_t size, unsigned) {
    Lock lock(gate);
    if (!allocated(at, size)) return last_error = cudaErrorMemoryAllocation;
    return pinned_memory[static_cast<char*>(*at)] = size, cudaSuccess;
}

ENTRY int cudaFreeHost(void* at) {
    Lock lock(gate);
    drain_all();
    if (!pinned_memory.erase(static_cast<char*>(at))) return refuse(cudaErrorInvalidValue, "freed what was not pinned");
    return std::free(at), cudaSuccess;
}

ENTRY int cudaHostRegister(void* at, std::size_t size, unsigned) {
    Lock lock(gate);
    return pinned_memory[static_cast<char*>(at)] = size, cudaSuccess;
}

ENTRY int cudaHostUnregister(void* at) {
    Lock lock(gate);
    return drain_all(), pinned_memory.erase(static_cast<char*>(at)), cudaSuccess;
}

ENTRY int cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* at) {
    Lock lock(gate);
    const int device = device_of(at);
    *attributes = {};
    attributes->type = device >= 0 ? cudaMemoryTypeDevice : is_pinned(at) ? cudaMemoryTypeHost : cudaMemoryTypeUnregistered;
    attributes->device = device >= 0 ? device : 0;
    attributes->devicePointer = device >= 0 ? const_cast<void*>(at) : nullptr;
    attributes->hostPointer = device >= 0 ? nullptr : const_cast<void*>(at);
    return cudaSuccess;
}

// --- Copies -----------------------------------------------------------------------------------------------------------

// What is not pinned is read before the call returns, and written before it returns.
static int copied(void* to, const void* from, std::size_t size, int kind, Stream* stream, bool wait) {
    if (!stream) return refuse(cudaErrorInvalidResourceHandle, "a copy on a stream that does not exist");
    if (!size) return cudaSuccess;
    const bool to_device = device_of(to, size) >= 0, from_device = device_of(from, size) >= 0;
    const bool from_host = kind == cudaMemcpyHostToDevice, to_host = kind == cudaMemcpyDeviceToHost;
    if (kind != cudaMemcpyDefault && (to_device == to_host || from_device == from_host))
        return refuse(cudaErrorInvalidValue, "a copy whose ends do not lie where its kind says");
    if (from_device || is_pinned(from)) {
        put(stream, [=] { std::memmove(to, from, size); });
    } else {
        const char* const bytes = static_cast<const char*>(from);
        const auto held = std::make_shared<std::vector<char>>(bytes, bytes + size);
        put(stream, [=] { std::memcpy(to, held->data(), held->size()); });
    }
    if (wait || !(to_device || is_pinned(to))) drain(stream);
    return cudaSuccess;
}

ENTRY int cudaMemcpy(void* to, const void* from, std::size_t size, int kind) {
    Lock lock(gate);
    return copied(to, from, size, kind, stream_of(nullptr), true);
}
ENTRY int cudaMemcpyAsync(void* to, const void* from, std::size_t size, int kind, void* stream) {
    Lock lock(gate);
    return copied(to, from, size, kind, stream_of(stream), false);
}
ENTRY int cudaMemcpyPeer(void* to, int, const void* from, int, std::size_t size) {
    Lock lock(gate);
    drain_all();
    return copied(to, from, size, cudaMemcpyDeviceToDevice, stream_of(nullptr), true);
}
ENTRY int cudaMemcpyPeerAsync(void* to, int, const void* from, int, std::size_t size, void* stream) {
    Lock lock(gate);
    return copied(to, from, size, cudaMemcpyDeviceToDevice, stream_of(stream), false);
}

ENTRY int cudaMemsetAsync(void* at, int value, std::size_t size, void* handle) {
    Lock lock(gate);
    Stream* const stream = stream_of(handle);
    if (!stream) return refuse(cudaErrorInvalidResourceHandle, "memory is set on a stream that does not exist");
    if (size && device_of(at, size) < 0) return refuse(cudaErrorInvalidValue, "memory is set that is not a device's");
    return put(stream, [=] { std::memset(at, value, size); }), cudaSuccess;
}
ENTRY int cudaMemset(void* at, int value, std::size_t size) { return cudaMemsetAsync(at, value, size, nullptr); }

// --- Streams and events -----------------------------------------------------------------------------------------------

ENTRY int cudaStreamCreateWithPriority(void** handle, unsigned flags, int priority) {
    Lock lock(gate);
    Stream* const stream = new Stream{current_device, flags, priority};
    streams.insert(stream);
    return *handle = stream, cudaSuccess;
}
ENTRY int cudaStreamCreateWithFlags(void** handle, unsigned flags) {
    return cudaStreamCreateWithPriority(handle, flags, 0);
}
ENTRY int cudaStreamCreate(void** handle) { return cudaStreamCreateWithPriority(handle, 0, 0); }

ENTRY int cudaStreamDestroy(void* handle) {
    Lock lock(gate);
    Stream* const stream = stream_of(handle);
    if (!stream) return refuse(cudaErrorInvalidResourceHandle, "a stream is destroyed that does not exist");
    return stream->destroyed = true, cudaSuccess;
}

ENTRY int cudaStreamSynchronize(void* handle) {
    Lock lock(gate);
    Stream* const stream = stream_of(handle);
    if (!stream) return refuse(cudaErrorInvalidResourceHandle, "a stream is waited for that does not exist");
    return drain(stream), cudaSuccess;
}

// Asking is not waiting, but who asks again and again is answered in the end.
ENTRY int cudaStreamQuery(void* handle) {
    Lock lock(gate);
    Stream* const stream = stream_of(handle);
    if (!stream) return refuse(cudaErrorInvalidResourceHandle, "a stream is asked that does not exist");
    drain(stream, stream->done + 1);
    return stream->done == stream->put ? cudaSuccess : cudaErrorNotReady;
}

ENTRY int cudaStreamGetFlags(void* handle, unsigned* flags) {
    Lock lock(gate);
    return *flags = stream_of(handle)->flags, cudaSuccess;
}
ENTRY int cudaStreamGetPriority(void* handle, int* priority) {
    Lock lock(gate);
    return *priority = stream_of(handle)->priority, cudaSuccess;
}
ENTRY int cudaStreamIsCapturing(void*, cudaStreamCaptureStatus* status) {
    return *status = cudaStreamCaptureStatusNone, cudaSuccess;
}

ENTRY int cudaEventCreateWithFlags(void** handle, unsigned) {
    return *handle = new Event{current_device}, cudaSuccess;
}
ENTRY int cudaEventCreate(void** handle) { return cudaEventCreateWithFlags(handle, 0); }
ENTRY int cudaEventDestroy(void* handle) { return delete static_cast<Event*>(handle), cudaSuccess; }

ENTRY int cudaEventRecord(void* handle, void* stream_handle) {
    Lock lock(gate);
    Event* const event = static_cast<Event*>(handle);
    Stream* const stream = stream_of(stream_handle);
    if (!stream || stream->device != event->device)
        return refuse(cudaErrorInvalidResourceHandle, "an event is recorded on another device's stream");
    put(stream, [] {});  // a point of its own: the null stream's is behind the blocking streams
    return event->mark = {stream, stream->put}, cudaSuccess;
}

ENTRY int cudaStreamWaitEvent(void* handle, void* event, unsigned) {
    Lock lock(gate);
    Stream* const stream = stream_of(handle);
    if (!stream) return refuse(cudaErrorInvalidResourceHandle, "a stream waits that does not exist");
    const Mark mark = static_cast<Event*>(event)->mark;
    if (mark.stream != stream) put(stream, [mark] { reach(mark); });
    return cudaSuccess;
}

ENTRY int cudaEventSynchronize(void* event) {
    Lock lock(gate);
    return reach(static_cast<Event*>(event)->mark), cudaSuccess;
}

ENTRY int cudaEventQuery(void* event) {
    Lock lock(gate);
    const Mark mark = static_cast<Event*>(event)->mark;
    if (!mark.stream || !alive(mark.stream)) return cudaSuccess;
    drain(mark.stream, std::min(mark.at, mark.stream->done + 1));
    return mark.stream->done >= mark.at ? cudaSuccess : cudaErrorNotReady;
}

// Nothing is timed here.
ENTRY int cudaEventElapsedTime(float* milliseconds, void*, void*) { return *milliseconds = 1, cudaSuccess; }

// What CuPy's other calls are led to.
ENTRY int cuda_on_host_unsupported() { return last_error = cudaErrorNotSupported; }
