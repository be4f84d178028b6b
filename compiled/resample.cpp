// hdgpu._compiled, continued: what Python calls of resample.hpp, oblique.hpp and spline.hpp.
#include "resample_calls.hpp"

#include <exception>
#include <optional>

#include "buffer.hpp"
#include "oblique.hpp"
#include "resample.hpp"
#include "spline.hpp"

namespace {

using namespace hdgpu::resample;
using hdgpu::Buffer;

bool refuse(const char* problem) {
    PyErr_SetString(PyExc_ValueError, problem);
    return false;
}

constexpr Index most = std::numeric_limits<std::int32_t>::max();

bool view_of(const Buffer& buffer, View* view) {
    const Py_buffer& from = buffer.view;
    if (from.ndim != 3 || from.itemsize < 1) return refuse("not three axes");
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

// Call `function` with a value of the type that the code stands for; nothing is called, and null returned, for codes of
// other types and for those whose values Work does not hold.
template <typename Work, typename Function>
auto with_type(char code, Function function) -> decltype(function(std::uint8_t{})) {
    switch (code) {
        case 'B': return function(std::uint8_t{});
        case 'b': return function(std::int8_t{});
        case 'H': return function(std::uint16_t{});
        case 'h': return function(std::int16_t{});
        case 'f': return function(float{});
        default: break;
    }
    if constexpr (std::is_same_v<Work, double>) {
        switch (code) {
            case 'I': return function(std::uint32_t{});
            case 'i': return function(std::int32_t{});
            case 'd': return function(double{});
            default: break;
        }
    }
    return nullptr;
}

template <typename Work>
Load<Work> loader(char code) {
    return with_type<Work>(code, [](auto value) -> Load<Work> { return load_row<decltype(value), Work>; });
}

template <typename Work>
Store<Work> storer(char code) {
    return with_type<Work>(code, [](auto value) -> Store<Work> { return store_row<Work, decltype(value)>; });
}

PyObject* refused(const char* problem) {
    if (!PyErr_Occurred()) refuse(problem);
    return nullptr;
}

// Call `function` with an element of the arrays' size.
template <typename Task, typename Function>
PyObject* with_element(const Task& task, Function function) {
    if (task.source.width != task.out.width) return refused("elements of different sizes");
    switch (task.out.width) {
        case 1: return function(std::uint8_t{});
        case 2: return function(std::uint16_t{});
        case 4: return function(std::uint32_t{});
        case 8: return function(std::uint64_t{});
        default: return refused("elements of another size");
    }
}

// What every call has: two arrays, the value outside, and which planes are to be written.
struct Task {
    View source, out;
    const char* fill;
    Index first, last;

    bool set(const Buffer& from, const Buffer& into, Py_ssize_t fill_size) {
        if (!view_of(from, &source) || !view_of(into, &out)) return false;
        const bool valid = fill_size == out.width && first >= 0 && last <= out.size[0];
        return valid || refuse("a wrong fill value or range of planes");
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
        if (begin < 0 || begin + count > out_size) return false;
        if (weights.len != expected * static_cast<Index>(sizeof(Work))) return false;
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
PyObject* along(const Task& task, PyObject* tables, const char* types) {
    const Load<Work> load = loader<Work>(types[0]);
    const Store<Work> store = storer<Work>(types[2]);
    if (!load || !store) return refused("not types that go together");
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
        if (axes[axis].taps != 1) return refused("voxels are picked one by one");
    }
    return with_element(task, [&](auto element) {
        return unlocked([&] {
            pick<decltype(element)>(task.source, task.out, axes, task.fill, task.first, task.last);
        });
    });
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
    return with_element(task, [&](auto element) {
        using Element = decltype(element);
        return across<Nearest<Element>>(task, map, copy_row<Element>);
    });
}

template <typename Work>
PyObject* linear_across(const Task& task, const IndexMap& map, const char* types) {
    const Store<Work> store = storer<Work>(types[2]);
    PyObject* done = !store ? nullptr : with_type<Work>(types[0], [&](auto value) {
        return across<Linear<decltype(value), Work>>(task, map, store);
    });
    return done ? done : refused("not types that go together");
}

template <typename Work>
PyObject* cubic_across(const Task& task, const IndexMap& map, const char* types) {
    const Store<Work> store = storer<Work>(types[2]);
    const Index *stride = task.source.stride, *size = task.source.size;
    const bool contiguous = stride[2] == 1 && stride[1] == size[2] && stride[0] == size[1] * size[2];
    if (!store || types[0] != types[1] || !contiguous) return refused("not contiguous coefficients");
    return across<Cubic<Work>>(task, map, store);
}

// Whether the codes of source, work and target are those of the arrays.
bool fits(const Task& task, const char* types) {
    const bool three = std::strlen(types) == 3 && (types[1] == 'f' || types[1] == 'd');
    return three && width_of(types[0]) == task.source.width && width_of(types[2]) == task.out.width;
}

template <typename Work>
PyObject* filtered(const Buffer& from, const Buffer& into, char in, PyObject* starts, bool across, Index first,
                   Index last) {
    View source, out;
    if (!view_of(from, &source) || !view_of(into, &out)) return nullptr;
    const Load<Work> load = loader<Work>(in);
    if (!load || source.width != width_of(in) || out.width != sizeof(Work)) return refused("not a pair of types");
    std::vector<Work> weights[3];
    for (int axis = 0; axis < 3; ++axis) {
        const Buffer start(PyTuple_GetItem(starts, axis), PyBUF_C_CONTIGUOUS);
        if (!start) return nullptr;
        const Work* values = static_cast<const Work*>(start.view.buf);
        weights[axis].assign(values, values + start.view.len / static_cast<Index>(sizeof(Work)));
        const Index count = static_cast<Index>(weights[axis].size());
        const Index size = source.size[axis];
        if (size != out.size[axis] || (count > 0 && (count > size || size < 2))) {
            return refused("arrays of different shapes, or a wrong start");
        }
    }
    if (first < 0 || last > source.size[across ? 1 : 0]) return refused("a wrong range");
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
    if (PyTuple_Size(tables) != 3) return refused("not three tables");
    if (!task.set(from, into, fill_size)) return nullptr;
    if (types[0] == '\0') return picked(task, tables);
    if (!fits(task, types)) return refused("not the arrays' types");
    return types[1] == 'f' ? along<float>(task, tables, types) : along<double>(task, tables, types);
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
    if (!fits(task, types)) return refused("not the arrays' types");
    const bool narrow = types[1] == 'f';
    switch (order) {
        case 1: return narrow ? linear_across<float>(task, map, types) : linear_across<double>(task, map, types);
        case 3: return narrow ? cubic_across<float>(task, map, types) : cubic_across<double>(task, map, types);
        default: return refused("no such order");
    }
}

PyObject* hdgpu_spline_filter(PyObject*, PyObject* arguments) {
    PyObject *source, *coefficients, *starts;
    const char* types;
    int across;
    Py_ssize_t first, last;
    if (!PyArg_ParseTuple(arguments, "sOOO!pnn", &types, &source, &coefficients, &PyTuple_Type, &starts, &across,
                          &first, &last)) {
        return nullptr;
    }
    const Buffer from(source, PyBUF_STRIDES), into(coefficients, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE);
    if (!from || !into) return nullptr;
    if (PyTuple_Size(starts) != 3 || std::strlen(types) != 2) return refused("not three starts, or not two types");
    return types[1] == 'f' ? filtered<float>(from, into, types[0], starts, across != 0, first, last)
                           : filtered<double>(from, into, types[0], starts, across != 0, first, last);
}
