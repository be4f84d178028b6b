// What jpeg2000.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_decode_jpeg2000(PyObject*, PyObject* arguments);

#define HDGPU_JPEG2000_METHODS \
    {"decode_jpeg2000", hdgpu_decode_jpeg2000, METH_VARARGS, \
     "decode_jpeg2000(data, out, rows, columns, components, signed, threads=1)\n--\n\n" \
     "Decode a plain lossless JPEG 2000 codestream into `out`, samples of one or two bytes, in up to `threads`\n" \
     "threads if it is large enough.  Returns whether it was one; if not, what `out` holds is undefined."},
