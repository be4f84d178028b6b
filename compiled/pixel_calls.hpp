// What pixels.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_look_up_frame(PyObject*, PyObject* arguments);
PyObject* hdgpu_window_frame(PyObject*, PyObject* arguments);

#define HDGPU_PIXEL_METHODS \
    {"look_up_frame", hdgpu_look_up_frame, METH_VARARGS, \
     "look_up_frame(stored, out, table, width, cell)\n--\n\n" \
     "Copy a cell of `cell` bytes for each stored value of `width` bytes, 1 or 2; the table has one for every value."}, \
    {"window_frame", hdgpu_window_frame, METH_VARARGS, \
     "window_frame(stored, out, types, window)\n--\n\n" \
     "Write stored values after (slope, intercept, low, gain, base, bottom, top); `types` as for convert_frame."},
