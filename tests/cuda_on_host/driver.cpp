// The part of the CUDA driver that CuPy calls: modules, which are shared libraries, and launches.
#include <dlfcn.h>

#include <array>
#include <string>

#include "device.hpp"

using namespace cuda_on_host;
using Lock = std::lock_guard<std::recursive_mutex>;

enum { SUCCESS = 0, INVALID_VALUE = 1, INVALID_IMAGE = 200, INVALID_HANDLE = 400, NOT_FOUND = 500 };

struct Module {
    void* library;
    int device;
};

struct Function {
    void* (*captured)(void**);
    void (*run)(void*, const unsigned*);
    int device;
};

ENTRY int cuGetErrorName(int error, const char** name) {
    *name = error == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : error == INVALID_HANDLE ? "CUDA_ERROR_INVALID_HANDLE"
            : error == INVALID_IMAGE ? "CUDA_ERROR_INVALID_IMAGE" : "CUDA_ERROR_INVALID_VALUE";
    return SUCCESS;
}
ENTRY int cuGetErrorString(int error, const char** text) { return cuGetErrorName(error, text); }

// A context is a device's; it needs no more than an address.
ENTRY int cuCtxGetCurrent(void** context) { return *context = &null_streams[current_device], SUCCESS; }
ENTRY int cuCtxSetCurrent(void*) { return SUCCESS; }
ENTRY int cuCtxGetDevice(int* device) { return *device = current_device, SUCCESS; }
ENTRY int cuStreamGetCtx(void* stream, void** context) {
    return *context = &null_streams[stream_of(stream)->device], SUCCESS;
}

// An image is the path of a shared library, as the compiler of these tests returns it.
ENTRY int cuModuleLoadData(void** module, const char* image) {
    void* const library = dlopen(image, RTLD_NOW | RTLD_LOCAL);
    if (!library) return refuse(INVALID_IMAGE, dlerror());
    return *module = new Module{library, current_device}, SUCCESS;
}

ENTRY int cuModuleUnload(Module* module) {
    Lock lock(gate);
    drain_all();  // its code may still have to run; it stays mapped
    return delete module, SUCCESS;
}

ENTRY int cuModuleGetFunction(void** function, Module* module, const char* name) {
    void* const captured = dlsym(module->library, ("captured_" + std::string(name)).c_str());
    void* const run = dlsym(module->library, ("run_" + std::string(name)).c_str());
    if (!captured || !run) return refuse(NOT_FOUND, name);
    *function = new Function{reinterpret_cast<void* (*)(void**)>(captured),
                             reinterpret_cast<void (*)(void*, const unsigned*)>(run), module->device};
    return SUCCESS;
}

ENTRY int cuModuleGetGlobal_v2(void** at, std::size_t* size, Module* module, const char* name) {
    *at = dlsym(module->library, name);
    if (size) *size = 0;
    return *at ? SUCCESS : NOT_FOUND;
}

ENTRY int cuLaunchKernel(Function* function, unsigned blocks_x, unsigned blocks_y, unsigned blocks_z, unsigned threads_x,
                         unsigned threads_y, unsigned threads_z, unsigned, void* handle, void** arguments, void**) {
    Lock lock(gate);
    const std::array<unsigned, 6> grid{blocks_x, blocks_y, blocks_z, threads_x, threads_y, threads_z};
    for (unsigned each : grid)
        if (!each) return refuse(INVALID_VALUE, "a launch of nothing");
    if (1ull * threads_x * threads_y * threads_z > 1024 || blocks_y > 65535 || blocks_z > 65535)
        return refuse(INVALID_VALUE, "a launch of more than a device takes");
    Stream* const stream = stream_of(handle);
    if (!stream || stream->device != function->device || stream->device != current_device)
        return refuse(INVALID_HANDLE, "a launch on another device's stream");
    void* const held = function->captured(arguments);
    return put(stream, [=, run = function->run] { run(held, grid.data()); }), SUCCESS;
}

ENTRY int cuFuncGetAttribute(int* value, int attribute, Function*) {
    return *value = attribute == 0 ? 1024 : 0, SUCCESS;  // the most threads of a block
}
ENTRY int cuFuncSetAttribute(Function*, int, int) { return SUCCESS; }
ENTRY int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function*, int, std::size_t) {
    return *blocks = 2, SUCCESS;
}
ENTRY int cuOccupancyMaxPotentialBlockSize(int* grid, int* block, Function*, void*, std::size_t, int) {
    return *grid = 8, *block = 256, SUCCESS;
}
