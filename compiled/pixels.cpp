// Tables: see lookup.hpp.
#include "pixel_calls.hpp"

#include "lookup.hpp"

namespace {

// Buffers that are given back whatever happens.
struct Buffers {
    Py_buffer in{}, out{}, table{};
    ~Buffers() {
        if (in.obj) PyBuffer_Release(&in);
        if (out.obj) PyBuffer_Release(&out);
        if (table.obj) PyBuffer_Release(&table);
    }
};

template <typename In>
bool look_up(const Buffers& buffers, Py_ssize_t bytes, bool stream) {
    const auto cell = static_cast<std::size_t>(bytes);
    const auto count = static_cast<std::size_t>(buffers.in.len) / sizeof(In);
    const auto entries = std::size_t{1} << 8 * sizeof(In);
    if (bytes <= 0 || static_cast<std::size_t>(buffers.in.len) != count * sizeof(In) ||
        static_cast<std::size_t>(buffers.out.len) != count * cell ||
        static_cast<std::size_t>(buffers.table.len) != entries * cell) {
        return false;
    }
    return hdgpu::look_up_cells(static_cast<const In*>(buffers.in.buf), static_cast<const unsigned char*>(buffers.table.buf),
                                static_cast<unsigned char*>(buffers.out.buf), count, cell, stream);
}

}  // namespace

PyObject* hdgpu_look_up_frame(PyObject*, PyObject* arguments) {
    Buffers buffers;
    Py_ssize_t width, cell;
    int stream;
    if (!PyArg_ParseTuple(arguments, "y*w*y*nnp", &buffers.in, &buffers.out, &buffers.table, &width, &cell, &stream)) {
        return nullptr;
    }
    bool valid = false;
    Py_BEGIN_ALLOW_THREADS
    if (width == 1) {
        valid = look_up<std::uint8_t>(buffers, cell, stream != 0);
    } else if (width == 2) {
        valid = look_up<std::uint16_t>(buffers, cell, stream != 0);
    }
    Py_END_ALLOW_THREADS
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "sizes that do not go together");
        return nullptr;
    }
    Py_RETURN_NONE;
}
