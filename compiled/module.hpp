// What hdgpu._compiled has in files of its own.
#pragma once

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

namespace hdgpu {

PyObject* decode_jpeg2000(PyObject*, PyObject* arguments);
extern const char decode_jpeg2000_doc[];

}  // namespace hdgpu
