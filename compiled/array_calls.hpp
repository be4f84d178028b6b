// What arrays.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_copy_strided(PyObject*, PyObject* arguments);
PyObject* hdgpu_to_half(PyObject*, PyObject* arguments);

#define HDGPU_ARRAY_METHODS \
    {"copy_strided", hdgpu_copy_strided, METH_VARARGS, \
     "copy_strided(source, out)\n--\n\n" \
     "Copy an array of three axes to one of the same shape whose last axis is contiguous; False for other arrays."}, \
    {"to_half", hdgpu_to_half, METH_VARARGS, \
     "to_half(types, values, out)\n--\n\n" \
     "Round contiguous values to half precision; False, and `out` worthless, where a finite one is beyond its range."},
