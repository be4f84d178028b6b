// What resample.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_resample_along(PyObject*, PyObject* arguments);
PyObject* hdgpu_resample_across(PyObject*, PyObject* arguments);
PyObject* hdgpu_spline_filter(PyObject*, PyObject* arguments);

#define HDGPU_RESAMPLE_METHODS \
    {"resample_along", hdgpu_resample_along, METH_VARARGS, \
     "resample_along(types, source, out, tables, fill, first, last)\n--\n\n" \
     "Write planes of `out`, each axis of which follows the same axis of `source`; no types: voxels as they are."}, \
    {"resample_across", hdgpu_resample_across, METH_VARARGS, \
     "resample_across(types, order, source, out, offset, steps, fill, first, last)\n--\n\n" \
     "Write planes of `out`, a rotated grid; order 0, 1 or 3: nearest, linear, or cubic from coefficients."}, \
    {"spline_filter", hdgpu_spline_filter, METH_VARARGS, \
     "spline_filter(types, source, coefficients, starts, across, first, last)\n--\n\n" \
     "Make planes of coefficients, filtered along axes 2 and 1; or filter rows of them along axis 0."},
