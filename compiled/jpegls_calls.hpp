// What jpegls.cpp adds to the module.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject* hdgpu_decode_jpeg_ls(PyObject*, PyObject* arguments);

#define HDGPU_JPEG_LS_METHODS \
    {"decode_jpeg_ls", hdgpu_decode_jpeg_ls, METH_VARARGS, \
     "decode_jpeg_ls(data, out, rows, columns, signed)\n--\n\n" \
     "Decode a plain lossless JPEG-LS stream of one component into `out`, samples of one or two bytes.  Returns whether\n" \
     "it was one; if not, what `out` holds is undefined."},
