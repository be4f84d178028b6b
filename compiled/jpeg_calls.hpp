// What jpeg.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_check_jpeg_scan(PyObject*, PyObject* arguments);

#define HDGPU_JPEG_METHODS \
    {"check_jpeg_scan", hdgpu_check_jpeg_scan, METH_VARARGS, \
     "check_jpeg_scan(data, offset, precision, mcus, components, tables)\n--\n\n" \
     "Walk the Huffman codes of the only scan of a sequential DCT stream, which begins at `offset`.  `components` has\n" \
     "three bytes each: blocks in an MCU, destination of the DC table, of the AC table.  `tables` are (Tc << 4 | Th,\n" \
     "counts and symbols).  True if it is sound, False if it is damaged, None if this is not sure."},
