// What pixels.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_look_up_frame(PyObject*, PyObject* arguments);

#define HDGPU_PIXEL_METHODS \
    {"look_up_frame", hdgpu_look_up_frame, METH_VARARGS, \
     "look_up_frame(stored, out, table, width, cell, stream)\n--\n\n" \
     "Copy a cell of `cell` bytes for each stored value of `width` bytes, 1 or 2; the table has one for every value."},
