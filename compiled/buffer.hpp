// Buffers of Python's arrays.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

namespace hdgpu {

// A buffer that is given back whatever happens.
class Buffer {
public:
    Buffer(PyObject* object, int flags) : held_(PyObject_GetBuffer(object, &view, flags) == 0) {}
    ~Buffer() {
        if (held_) PyBuffer_Release(&view);
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    explicit operator bool() const { return held_; }

    Py_buffer view;

private:
    const bool held_;
};

}  // namespace hdgpu
