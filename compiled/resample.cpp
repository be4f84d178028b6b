// hdgpu._compiled, continued: what Python calls of resample.hpp, oblique.hpp and spline.hpp.
#include "resample_calls.hpp"

#include <exception>
#include <optional>

#include "oblique.hpp"
#include "resample.hpp"
#include "spline.hpp"

namespace {

using namespace hdgpu::resample;

// A buffer that is given back whatever happens.
class Buffer {
public:
    Buffer(PyObject* object, int flags) : held_(PyObject_GetBuffer(object, &view, flags) == 0) {}
    ~Buffer() {
        if (held_) PyBuffer_Release(&view);
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    explicit operator bool() const { return held_; }

    Py_buffer view;

private:
    const bool held_;
};

bool refuse(const char* problem) {
    PyErr_SetString(PyExc_ValueError, problem);
    return false;
}

constexpr Index most = std::numeric_limits<std::int32_t>::max();

bool view_of(const Buffer& buffer, View* view) {
    const Py_buffer& from = buffer.view;
    if (from.ndim != 3) return refuse("not three axes");
    view->data = static_cast<char*>(from.buf);
    view->width = from.itemsize;
    for (int axis = 0; axis < 3; ++axis) {
        view->size[axis] = from.shape[axis];
        if (from.strides[axis] % from.itemsize != 0) return refuse("not aligned");
        view->stride[axis] = from.strides[axis] / from.itemsize;
        if (view->size[axis] < 1 || view->size[axis] >= most) return refuse("an axis too short or too long");
    }
    return true;
}

Index width_of(char code) {
    switch (code) {
        case 'b': case 'B': return 1;
        case 'h': case 'H': return 2;
        case 'i': case 'I': case 'f': return 4;
        case 'd': return 8;
        default: return 0;
    }
}

template <typename Work>
Load<Work> loader(char code) {
    switch (code) {
        case 'B': return load_row<std::uint8_t, Work>;
        case 'b': return load_row<std::int8_t, Work>;
        case 'H': return load_row<std::uint16_t, Work>;
        case 'h': return load_row<std::int16_t, Work>;
        case 'f': return load_row<float, Work>;
        default: break;
    }
    if constexpr (std::is_same_v<Work, double>) {
        switch (code) {
            case 'I': return load_row<std::uint32_t, Work>;
            case 'i': return load_row<std::int32_t, Work>;
            case 'd': return load_row<double, Work>;
            default: break;
        }
    }
    return nullptr;
}

template <typename Work>
Store<Work> storer(char code) {
    switch (code) {
        case 'B': return store_row<Work, std::uint8_t>;
        case 'b': return store_row<Work, std::int8_t>;
        case 'H': return store_row<Work, std::uint16_t>;
        case 'h': return store_row<Work, std::int16_t>;
        case 'f': return store_row<Work, float>;
        default: break;
    }
    if constexpr (std::is_same_v<Work, double>) {
        switch (code) {
            case 'I': return store_row<Work, std::uint32_t>;
            case 'i': return store_row<Work, std::int32_t>;
            case 'd': return store_row<Work, double>;
            default: break;
        }
    }
    return nullptr;
}

// What every call has: two arrays, the value outside, and which planes are to be written.
struct Task {
    View source, out;
    const char* fill;
    Index first, last;

    bool set(const Buffer& from, const Buffer& into, Py_ssize_t fill_size) {
        if (!view_of(from, &source) || !view_of(into, &out)) return false;
        if (fill_size != out.width || first < 0 || last > out.size[0]) return refuse("a wrong fill value or range of planes");
        return true;
    }
};

// Run without the interpreter's lock; memory may run out.
template <typename Function>
PyObject* unlocked(Function function) {
    bool done = true;
    Py_BEGIN_ALLOW_THREADS
    try {
        function();
    } catch (const std::exception&) {
        done = false;
    }
    Py_END_ALLOW_THREADS
    if (!done) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

// The table of one axis, which keeps its buffers as long as it lives.
template <typename Work>
class Table {
public:
    Table(PyObject* tuple, Index source_size, Index out_size) {
        PyObject *index, *weights;
        Py_ssize_t begin;
        if (!PyArg_ParseTuple(tuple, "nOO", &begin, &index, &weights)) return;
        index_.emplace(index, PyBUF_C_CONTIGUOUS);
        weights_.emplace(weights, PyBUF_C_CONTIGUOUS);
        if (!*index_ || !*weights_) return;
        valid = check(begin, source_size, out_size) || refuse("a wrong table");
    }

    bool valid = false;
    Axis<Work> axis{};

private:
    bool check(Index begin, Index source_size, Index out_size) {
        const Py_buffer &index = index_->view, &weights = weights_->view;
        if (index.ndim != 2 || index.itemsize != sizeof(std::int32_t)) return false;
        const Index count = index.shape[0], taps = index.shape[1];
        const Index expected = taps == 1 ? 0 : taps == 2 ? count : taps == 4 ? 4 * count : -1;
        if (begin < 0 || begin + count > out_size || weights.len != expected * static_cast<Index>(sizeof(Work))) return false;
        axis = {begin, count, static_cast<int>(taps), static_cast<const std::int32_t*>(index.buf),
                static_cast<const Work*>(weights.buf)};
        for (Index k = 0; k < count * taps; ++k) {
            if (axis.index[k] < 0 || axis.index[k] >= source_size) return false;
        }
        return true;
    }

    std::optional<Buffer> index_, weights_;
};

template <typename Work>
PyObject* along(const Task& task, PyObject* tables, Load<Work> load, Store<Work> store) {
    Axis<Work> axes[3];
    std::optional<Table<Work>> held[3];
    for (int axis = 0; axis < 3; ++axis) {
        held[axis].emplace(PyTuple_GetItem(tables, axis), task.source.size[axis], task.out.size[axis]);
        if (!held[axis]->valid) return nullptr;
        axes[axis] = held[axis]->axis;
    }
    return unlocked([&] { along_axes(task.source, task.out, axes, load, store, task.fill, task.first, task.last); });
}

PyObject* picked(const Task& task, PyObject* tables) {
    Axis<float> axes[3];
    std::optional<Table<float>> held[3];
    for (int axis = 0; axis < 3; ++axis) {
        held[axis].emplace(PyTuple_GetItem(tables, axis), task.source.size[axis], task.out.size[axis]);
        if (!held[axis]->valid) return nullptr;
        axes[axis] = held[axis]->axis;
        if (axes[axis].taps != 1) return refuse("voxels are picked one by one"), nullptr;
    }
    const auto call = [&](auto function) {
        return unlocked([&] { function(task.source, task.out, axes, task.fill, task.first, task.last); });
    };
    if (task.source.width != task.out.width) return refuse("elements of different sizes"), nullptr;
    switch (task.out.width) {
        case 1: return call(pick<std::uint8_t>);
        case 2: return call(pick<std::uint16_t>);
        case 4: return call(pick<std::uint32_t>);
        case 8: return call(pick<std::uint64_t>);
        default: return refuse("elements of another size"), nullptr;
    }
}

template <typename Kind>
PyObject* across(const Task& task, const IndexMap& map, Store<typename Kind::Value> store) {
    return unlocked([&] { across_axes<Kind>(task.source, task.out, map, store, task.fill, task.first, task.last); });
}

template <typename Element>
void copy_row(const Element* values, char* row, Index stride, Index count) {
    for (Index k = 0; k < count; ++k) reinterpret_cast<Element*>(row)[k * stride] = values[k];
}

PyObject* nearest_across(const Task& task, const IndexMap& map) {
    if (task.source.width != task.out.width) return refuse("elements of different sizes"), nullptr;
    switch (task.out.width) {
        case 1: return across<Nearest<std::uint8_t>>(task, map, copy_row<std::uint8_t>);
        case 2: return across<Nearest<std::uint16_t>>(task, map, copy_row<std::uint16_t>);
        case 4: return across<Nearest<std::uint32_t>>(task, map, copy_row<std::uint32_t>);
        case 8: return across<Nearest<std::uint64_t>>(task, map, copy_row<std::uint64_t>);
        default: return refuse("elements of another size"), nullptr;
    }
}

template <typename Work>
PyObject* linear_across(const Task& task, const IndexMap& map, char in, char out) {
    const Store<Work> store = storer<Work>(out);
    if (!store) return refuse("not a pair of types"), nullptr;
    switch (in) {
        case 'B': return across<Linear<std::uint8_t, Work>>(task, map, store);
        case 'b': return across<Linear<std::int8_t, Work>>(task, map, store);
        case 'H': return across<Linear<std::uint16_t, Work>>(task, map, store);
        case 'h': return across<Linear<std::int16_t, Work>>(task, map, store);
        case 'f': return across<Linear<float, Work>>(task, map, store);
        default: break;
    }
    if constexpr (std::is_same_v<Work, double>) {
        switch (in) {
            case 'I': return across<Linear<std::uint32_t, Work>>(task, map, store);
            case 'i': return across<Linear<std::int32_t, Work>>(task, map, store);
            case 'd': return across<Linear<double, Work>>(task, map, store);
            default: break;
        }
    }
    return refuse("not a pair of types"), nullptr;
}

template <typename Work>
PyObject* cubic_across(const Task& task, const IndexMap& map, char out) {
    const Store<Work> store = storer<Work>(out);
    const Index* stride = task.source.stride;
    const bool contiguous = stride[2] == 1 && stride[1] == task.source.size[2] && stride[0] == stride[1] * task.source.size[1];
    if (!store || !contiguous) return refuse("not a pair of types, or coefficients that are not contiguous"), nullptr;
    return across<Cubic<Work>>(task, map, store);
}

bool fits(const Task& task, const char* types) {
    return width_of(types[0]) == task.source.width && width_of(types[2]) == task.out.width ? true
                                                                                          : refuse("not the arrays' types");
}

template <typename Work>
PyObject* filtered(const Buffer& from, const Buffer& into, char in, PyObject* starts, bool across, Index first, Index last) {
    View source, out;
    if (!view_of(from, &source) || !view_of(into, &out)) return nullptr;
    const Load<Work> load = loader<Work>(in);
    if (!load || source.width != width_of(in) || out.width != sizeof(Work)) return refuse("not a pair of types"), nullptr;
    std::vector<Work> weights[3];
    for (int axis = 0; axis < 3; ++axis) {
        const Buffer start(PyTuple_GetItem(starts, axis), PyBUF_C_CONTIGUOUS);
        if (!start) return nullptr;
        const Work* values = static_cast<const Work*>(start.view.buf);
        weights[axis].assign(values, values + start.view.len / static_cast<Index>(sizeof(Work)));
        const Index count = static_cast<Index>(weights[axis].size());
        if (source.size[axis] != out.size[axis] || (count > 0 && (count > source.size[axis] || source.size[axis] < 2))) {
            return refuse("arrays of different shapes, or a wrong start"), nullptr;
        }
    }
    if (first < 0 || last > source.size[across ? 1 : 0]) return refuse("a wrong range"), nullptr;
    Work* coefficients = reinterpret_cast<Work*>(out.data);
    return unlocked([&] {
        if (across) {
            if (!weights[0].empty()) filter_across(coefficients, out.size, weights[0], first, last);
        } else {
            filter_planes(source, coefficients, load, weights, first, last);
        }
    });
}

}  // namespace

PyObject* hdgpu_resample_along(PyObject*, PyObject* arguments) {
    PyObject *source, *out, *tables;
    const char *types, *fill;
    Py_ssize_t fill_size;
    Task task;
    if (!PyArg_ParseTuple(arguments, "sOOO!y#nn", &types, &source, &out, &PyTuple_Type, &tables, &fill, &fill_size,
                          &task.first, &task.last)) {
        return nullptr;
    }
    const Buffer from(source, PyBUF_STRIDES), into(out, PyBUF_STRIDES | PyBUF_WRITABLE);
    if (!from || !into) return nullptr;
    task.fill = fill;
    if (PyTuple_Size(tables) != 3) return refuse("not three tables"), nullptr;
    if (!task.set(from, into, fill_size)) return nullptr;
    if (types[0] == '\0') return picked(task, tables);
    if (std::strlen(types) != 3 || !fits(task, types)) return PyErr_Occurred() ? nullptr : (refuse("not three types"), nullptr);
    if (types[1] == 'f') {
        const auto load = loader<float>(types[0]);
        const auto store = storer<float>(types[2]);
        if (load && store) return along<float>(task, tables, load, store);
    } else if (types[1] == 'd') {
        const auto load = loader<double>(types[0]);
        const auto store = storer<double>(types[2]);
        if (load && store) return along<double>(task, tables, load, store);
    }
    return refuse("not types that go together"), nullptr;
}

PyObject* hdgpu_resample_across(PyObject*, PyObject* arguments) {
    PyObject *source, *out;
    const char *types, *fill;
    Py_ssize_t fill_size;
    int order;
    Task task;
    IndexMap map;
    double(*m)[3] = map.step;
    if (!PyArg_ParseTuple(arguments, "siOO(ddd)((ddd)(ddd)(ddd))y#nn", &types, &order, &source, &out, &map.offset[0],
                          &map.offset[1], &map.offset[2], &m[0][0], &m[0][1], &m[0][2], &m[1][0], &m[1][1], &m[1][2],
                          &m[2][0], &m[2][1], &m[2][2], &fill, &fill_size, &task.first, &task.last)) {
        return nullptr;
    }
    const Buffer from(source, PyBUF_STRIDES), into(out, PyBUF_STRIDES | PyBUF_WRITABLE);
    if (!from || !into) return nullptr;
    task.fill = fill;
    if (!task.set(from, into, fill_size)) return nullptr;
    if (order == 0) return nearest_across(task, map);
    if (std::strlen(types) != 3 || !fits(task, types)) return PyErr_Occurred() ? nullptr : (refuse("not three types"), nullptr);
    const bool narrow = types[1] == 'f';
    if (order == 1) {
        return narrow ? linear_across<float>(task, map, types[0], types[2])
                      : linear_across<double>(task, map, types[0], types[2]);
    }
    if (order == 3 && types[0] == types[1]) {
        return narrow ? cubic_across<float>(task, map, types[2]) : cubic_across<double>(task, map, types[2]);
    }
    return refuse("no such order, or not types that go together"), nullptr;
}

PyObject* hdgpu_spline_filter(PyObject*, PyObject* arguments) {
    PyObject *source, *coefficients, *starts;
    const char* types;
    int across;
    Py_ssize_t first, last;
    if (!PyArg_ParseTuple(arguments, "sOOO!pnn", &types, &source, &coefficients, &PyTuple_Type, &starts, &across, &first,
                          &last)) {
        return nullptr;
    }
    const Buffer from(source, PyBUF_STRIDES), into(coefficients, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE);
    if (!from || !into) return nullptr;
    if (PyTuple_Size(starts) != 3 || std::strlen(types) != 2) return refuse("not three starts, or not two types"), nullptr;
    return types[1] == 'f' ? filtered<float>(from, into, types[0], starts, across != 0, first, last)
                           : filtered<double>(from, into, types[0], starts, across != 0, first, last);
}
