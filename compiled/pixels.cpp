// Tables and windows: see lookup.hpp and window.hpp.
#include "pixel_calls.hpp"

#include <cstring>

#include "lookup.hpp"
#include "window.hpp"

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
bool look_up(const Buffers& buffers, std::size_t cell) {
    const auto count = static_cast<std::size_t>(buffers.in.len) / sizeof(In);
    const auto entries = std::size_t{1} << 8 * sizeof(In);
    if (static_cast<std::size_t>(buffers.out.len) != count * cell ||
        static_cast<std::size_t>(buffers.table.len) != entries * cell) {
        return false;
    }
    return hdgpu::look_up_cells(static_cast<const In*>(buffers.in.buf), static_cast<const unsigned char*>(buffers.table.buf),
                                static_cast<unsigned char*>(buffers.out.buf), count, cell);
}

template <typename In>
bool window(const Buffers& buffers, char code, const hdgpu::Window& window) {
    const auto* stored = static_cast<const In*>(buffers.in.buf);
    const auto count = static_cast<std::size_t>(buffers.in.len) / sizeof(In);
    const auto out_bytes = static_cast<std::size_t>(buffers.out.len);
    if (code == 'f' && out_bytes == count * sizeof(float)) {
        hdgpu::apply_window(stored, static_cast<float*>(buffers.out.buf), count, window);
    } else if (code == 'd' && out_bytes == count * sizeof(double)) {
        hdgpu::apply_window(stored, static_cast<double*>(buffers.out.buf), count, window);
    } else {
        return false;
    }
    return true;
}

PyObject* none_if(bool valid) {
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "types or sizes that do not go together");
        return nullptr;
    }
    Py_RETURN_NONE;
}

}  // namespace

PyObject* hdgpu_look_up_frame(PyObject*, PyObject* arguments) {
    Buffers buffers;
    Py_ssize_t width, cell;
    if (!PyArg_ParseTuple(arguments, "y*w*y*nn", &buffers.in, &buffers.out, &buffers.table, &width, &cell)) return nullptr;
    bool valid = cell > 0;
    Py_BEGIN_ALLOW_THREADS
    if (valid && width == 1) {
        valid = look_up<std::uint8_t>(buffers, static_cast<std::size_t>(cell));
    } else if (valid && width == 2) {
        valid = look_up<std::uint16_t>(buffers, static_cast<std::size_t>(cell));
    } else {
        valid = false;
    }
    Py_END_ALLOW_THREADS
    return none_if(valid);
}

PyObject* hdgpu_window_frame(PyObject*, PyObject* arguments) {
    Buffers buffers;
    const char* types;
    hdgpu::Window w;
    if (!PyArg_ParseTuple(arguments, "y*w*s(ddddddd)", &buffers.in, &buffers.out, &types, &w.slope, &w.intercept, &w.low,
                          &w.gain, &w.base, &w.bottom, &w.top)) {
        return nullptr;
    }
    bool valid = std::strlen(types) == 2;
    Py_BEGIN_ALLOW_THREADS
    switch (types[0]) {
        case 'B': valid = valid && window<std::uint8_t>(buffers, types[1], w); break;
        case 'b': valid = valid && window<std::int8_t>(buffers, types[1], w); break;
        case 'H': valid = valid && window<std::uint16_t>(buffers, types[1], w); break;
        case 'h': valid = valid && window<std::int16_t>(buffers, types[1], w); break;
        default: valid = false;
    }
    Py_END_ALLOW_THREADS
    return none_if(valid);
}
