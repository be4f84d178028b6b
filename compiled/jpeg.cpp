// Entropy-coded data of JPEG: see jpeg_entropy.hpp.
#include "jpeg_calls.hpp"

#include "jpeg_entropy.hpp"

namespace {

using namespace hdgpu::jpeg;

constexpr std::size_t most_components = 4;

struct Plan {
    Table tables[2][4];  // by class, DC or AC, and destination
    Component components[most_components];
    std::size_t count = 0;
};

// Damaged where decoders may raise or not; the Python code sees to that.  Of two tables for one destination the later
// one holds (B.2.4.2).
Verdict read_tables(PyObject* tables, unsigned precision, Plan* plan) {
    for (Py_ssize_t i = 0; i < PyTuple_Size(tables); ++i) {
        int destination;
        const char* text;
        Py_ssize_t size;
        if (!PyArg_ParseTuple(PyTuple_GetItem(tables, i), "iy#", &destination, &text, &size)) return Verdict::unsure;
        if ((destination & ~0x13) != 0) return Verdict::unsure;
        const bool ac = (destination >> 4) != 0;
        if (!plan->tables[ac][destination & 3].build(ac, reinterpret_cast<const unsigned char*>(text),
                                                     static_cast<std::size_t>(size), precision)) {
            return Verdict::damaged;
        }
    }
    return Verdict::sound;
}

Verdict read_components(const unsigned char* entries, std::size_t size, Plan* plan) {
    plan->count = size / 3;
    if (size % 3 != 0 || plan->count == 0 || plan->count > most_components) return Verdict::unsure;
    for (std::size_t i = 0; i < plan->count; ++i, entries += 3) {
        if (entries[0] == 0 || entries[1] > 3 || entries[2] > 3) return Verdict::unsure;
        const Component& component = plan->components[i] = {entries[0], &plan->tables[0][entries[1]],
                                                            &plan->tables[1][entries[2]]};
        if (!component.dc->is_there || !component.ac->is_there) return Verdict::unsure;
    }
    return Verdict::sound;
}

}  // namespace

PyObject* hdgpu_check_jpeg_scan(PyObject*, PyObject* arguments) {
    const char *data, *entries;
    Py_ssize_t size, offset, mcus, entries_size;
    unsigned char precision;
    PyObject* tables;
    if (!PyArg_ParseTuple(arguments, "y#nbny#O!", &data, &size, &offset, &precision, &mcus, &entries, &entries_size,
                          &PyTuple_Type, &tables)) {
        return nullptr;
    }
    Plan plan;
    Verdict verdict = offset < 0 || offset > size || mcus <= 0 || precision > 12 ? Verdict::unsure : Verdict::sound;
    if (verdict == Verdict::sound) verdict = read_tables(tables, precision, &plan);
    if (PyErr_Occurred()) return nullptr;
    if (verdict == Verdict::sound) {
        verdict = read_components(reinterpret_cast<const unsigned char*>(entries), static_cast<std::size_t>(entries_size),
                                  &plan);
    }
    if (verdict == Verdict::sound) {
        Py_BEGIN_ALLOW_THREADS  // the caller holds on to `data`
        verdict = check_scan(reinterpret_cast<const unsigned char*>(data) + offset, static_cast<std::size_t>(size - offset),
                             static_cast<std::size_t>(mcus), plan.components, plan.count);
        Py_END_ALLOW_THREADS
    }
    if (verdict == Verdict::unsure) Py_RETURN_NONE;
    return PyBool_FromLong(verdict == Verdict::sound);
}
