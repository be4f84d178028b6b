// Arrays copied and converted: see copy.hpp and half.hpp.
#include "array_calls.hpp"

#include "buffer.hpp"
#include "copy.hpp"
#include "half.hpp"

namespace {

using hdgpu::Buffer;
using hdgpu::copying::Cells;

using Copy = void (*)(const Cells&, const Cells&);

Copy copy_of_width(Py_ssize_t width) {
    switch (width) {
        case 1: return hdgpu::copying::copy_cells<1>;
        case 2: return hdgpu::copying::copy_cells<2>;
        case 3: return hdgpu::copying::copy_cells<3>;
        case 4: return hdgpu::copying::copy_cells<4>;
        case 6: return hdgpu::copying::copy_cells<6>;
        case 8: return hdgpu::copying::copy_cells<8>;
        case 12: return hdgpu::copying::copy_cells<12>;
        case 16: return hdgpu::copying::copy_cells<16>;
        default: return nullptr;
    }
}

Cells cells_of(const Py_buffer& view) {
    Cells cells{static_cast<char*>(view.buf), {}, {}};
    for (int axis = 0; axis < 3; ++axis) {
        cells.size[axis] = view.shape[axis];
        cells.stride[axis] = view.strides[axis];
    }
    return cells;
}

bool go_together(const Py_buffer& source, const Py_buffer& out) {
    if (source.ndim != 3 || out.ndim != 3 || source.itemsize != out.itemsize) return false;
    for (int axis = 0; axis < 3; ++axis) {
        if (source.shape[axis] != out.shape[axis]) return false;
    }
    return out.shape[2] < 2 || out.strides[2] == out.itemsize;
}

template <typename In>
bool to_half(const Py_buffer& values, const Py_buffer& out, bool* fits) {
    const auto count = static_cast<std::size_t>(out.len) / sizeof(std::uint16_t);
    if (static_cast<std::size_t>(values.len) != count * sizeof(In)) return false;
    *fits = hdgpu::half::convert(static_cast<const In*>(values.buf), static_cast<std::uint16_t*>(out.buf), count);
    return true;
}

}  // namespace

PyObject* hdgpu_copy_strided(PyObject*, PyObject* arguments) {
    PyObject *source, *out;
    if (!PyArg_ParseTuple(arguments, "OO", &source, &out)) return nullptr;
    const Buffer from(source, PyBUF_STRIDES);
    if (!from) return nullptr;
    const Buffer into(out, PyBUF_STRIDES | PyBUF_WRITABLE);
    if (!into) return nullptr;
    const Copy copy = copy_of_width(from.view.itemsize);
    if (!copy || !go_together(from.view, into.view)) Py_RETURN_FALSE;
    Py_BEGIN_ALLOW_THREADS
    copy(cells_of(from.view), cells_of(into.view));
    Py_END_ALLOW_THREADS
    Py_RETURN_TRUE;
}

PyObject* hdgpu_to_half(PyObject*, PyObject* arguments) {
    const char* type;
    PyObject *values, *out;
    if (!PyArg_ParseTuple(arguments, "sOO", &type, &values, &out)) return nullptr;
    const Buffer from(values, PyBUF_C_CONTIGUOUS);
    if (!from) return nullptr;
    const Buffer into(out, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE);
    if (!into) return nullptr;
    bool valid = false, fits = false;
    Py_BEGIN_ALLOW_THREADS
    switch (type[0]) {
        case 'B': valid = to_half<std::uint8_t>(from.view, into.view, &fits); break;
        case 'b': valid = to_half<std::int8_t>(from.view, into.view, &fits); break;
        case 'H': valid = to_half<std::uint16_t>(from.view, into.view, &fits); break;
        case 'h': valid = to_half<std::int16_t>(from.view, into.view, &fits); break;
        case 'f': valid = to_half<float>(from.view, into.view, &fits); break;
        default: break;
    }
    Py_END_ALLOW_THREADS
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "no such type, or buffers of different lengths");
        return nullptr;
    }
    return PyBool_FromLong(fits);
}
