// hdgpu._compiled: the plain cases of the hot loops, without the interpreter and its lock.
//
// Everything here exists in Python too, and is optional.  A function that meets anything but the plain case says so
// and does nothing: the Python code then does it, or raises the error that names what is wrong.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "array_calls.hpp"
#include "convert.hpp"
#include "jpeg2000_calls.hpp"
#include "jpeg_calls.hpp"
#include "jpegls_calls.hpp"
#include "pixel_calls.hpp"
#include "resample_calls.hpp"
#include "rle.hpp"
#include "scan.hpp"

namespace {

using hdgpu::Affine;

// A file that is closed again whatever happens.
class File {
public:
    explicit File(const char* path) : descriptor_(open(path, O_RDONLY | O_CLOEXEC)) {}
    ~File() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    // Bytes read: fewer than asked for only at the end of the file, negative if it cannot be read.
    ssize_t read(void* into, std::size_t length, std::int64_t offset) const {
        if (descriptor_ < 0) return -1;
        std::size_t got = 0;
        while (got < length) {
            const ssize_t more = pread(descriptor_, static_cast<char*>(into) + got, length - got, offset + got);
            if (more < 0 && errno == EINTR) continue;
            if (more < 0) return -1;
            if (more == 0) break;
            got += static_cast<std::size_t>(more);
        }
        return static_cast<ssize_t>(got);
    }

    std::int64_t size() const {
        struct stat status;
        return descriptor_ >= 0 && fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : -1;
    }

private:
    const int descriptor_;
};

// The file system's bytes of each path; `kept` owns them.
bool paths_of(PyObject* list, std::vector<PyObject*>* kept, std::vector<const char*>* paths) {
    const Py_ssize_t count = PyList_Size(list);
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyObject* bytes = PyUnicode_EncodeFSDefault(PyList_GetItem(list, i));
        if (!bytes) return false;
        kept->push_back(bytes);
        paths->push_back(PyBytes_AsString(bytes));
    }
    return true;
}

template <typename Read>
bool numbers_of(PyObject* list, std::size_t count, Read read, std::vector<decltype(read(nullptr))>* numbers) {
    if (PyList_Size(list) != static_cast<Py_ssize_t>(count)) {
        PyErr_SetString(PyExc_ValueError, "lists of different lengths");
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) numbers->push_back(read(PyList_GetItem(list, static_cast<Py_ssize_t>(i))));
    return !PyErr_Occurred();
}

// --- scan_headers -----------------------------------------------------------------------------------------------------

constexpr std::size_t head_sizes[] = {std::size_t{1} << 13, std::size_t{1} << 16, std::size_t{1} << 20};

struct Head {
    std::vector<unsigned char> bytes;
    std::int64_t size = -1;
    hdgpu::Scan scan;
    bool done = false;
};

void scan_file(const char* path, const std::vector<hdgpu::Wanted>& wanted, Head* head) {
    const File file(path);
    head->size = file.size();
    if (head->size < 0) return;
    for (const std::size_t length : head_sizes) {
        head->bytes.resize(std::min(length, static_cast<std::size_t>(head->size)));
        if (file.read(head->bytes.data(), head->bytes.size(), 0) != static_cast<ssize_t>(head->bytes.size())) return;
        head->scan = hdgpu::Scan();
        hdgpu::Walk walk(head->bytes.data(), head->bytes.size(), static_cast<std::uint64_t>(head->size));
        const hdgpu::Outcome outcome = walk.run(wanted, &head->scan);
        head->done = outcome == hdgpu::Outcome::done;
        if (outcome != hdgpu::Outcome::more) return;
    }
}

PyObject* head_as_tuple(const Head& head) {
    const hdgpu::Scan& scan = head.scan;
    const char* bytes = reinterpret_cast<const char*>(head.bytes.data());
    PyObject* values = PyDict_New();
    if (!values) return nullptr;
    for (const hdgpu::Found& found : scan.values) {
        PyObject* tag = PyLong_FromUnsignedLong(found.tag);
        PyObject* value = PyBytes_FromStringAndSize(bytes + found.start, static_cast<Py_ssize_t>(found.length));
        const bool kept = tag && value && PyDict_SetItem(values, tag, value) == 0;
        Py_XDECREF(tag);
        Py_XDECREF(value);
        if (!kept) {
            Py_DECREF(values);
            return nullptr;
        }
    }
    const Py_ssize_t vr_length = scan.pixel_vr[0] ? 2 : 0;
    return Py_BuildValue(
        "(Ls#iNks#nk)", static_cast<long long>(head.size), scan.syntax.c_str(),
        static_cast<Py_ssize_t>(scan.syntax.size()), scan.explicit_vr ? 1 : 0, values,
        static_cast<unsigned long>(scan.pixel_tag), scan.pixel_vr, vr_length,
        static_cast<Py_ssize_t>(scan.pixel_offset), static_cast<unsigned long>(scan.pixel_length));
}

PyDoc_STRVAR(scan_headers_doc,
    "scan_headers(paths, wanted)\n--\n\n"
    "Scan the heads of files.  `wanted` holds (tag, VR) as '<I2s', by ascending tag.  Returns for each file\n"
    "(size, syntax, explicit, values, pixel tag or 0, VR, offset, length), or None where it is not sure.");

PyObject* scan_headers(PyObject*, PyObject* arguments) {
    PyObject* list;
    const char* table;
    Py_ssize_t table_size;
    if (!PyArg_ParseTuple(arguments, "O!y#", &PyList_Type, &list, &table, &table_size)) return nullptr;
    std::vector<hdgpu::Wanted> wanted;
    for (Py_ssize_t at = 0; at + 6 <= table_size; at += 6) {
        const auto* entry = reinterpret_cast<const unsigned char*>(table + at);
        wanted.push_back({hdgpu::little_endian_32(entry), {table[at + 4], table[at + 5]}});
    }
    std::vector<PyObject*> kept;
    std::vector<const char*> paths;
    PyObject* result = nullptr;
    if (paths_of(list, &kept, &paths)) {
        std::vector<Head> heads(paths.size());
        Py_BEGIN_ALLOW_THREADS
        for (std::size_t i = 0; i < paths.size(); ++i) {
            try {
                scan_file(paths[i], wanted, &heads[i]);
            } catch (...) {  // out of memory: the Python walk tries again, and says so
                heads[i].done = false;
            }
        }
        Py_END_ALLOW_THREADS
        result = PyList_New(0);
        for (std::size_t i = 0; result && i < heads.size(); ++i) {
            PyObject* one = heads[i].done ? head_as_tuple(heads[i]) : Py_NewRef(Py_None);
            if (!one || PyList_Append(result, one) < 0) Py_CLEAR(result);
            Py_XDECREF(one);
        }
    }
    for (PyObject* bytes : kept) Py_DECREF(bytes);
    return result;
}

// --- load_frames ------------------------------------------------------------------------------------------------------

struct Job {
    bool rle;
    std::size_t samples;
    std::int64_t low, high;  // what Bits Stored can express
    bool check;              // whether the container can hold more than that
    bool stream;
    unsigned char* out;
    std::size_t out_bytes;
};

struct Scratch {
    std::vector<unsigned char> encoded;
    std::vector<unsigned char> planes;
    std::vector<std::uint16_t> joined;
};

// The value of the only fragment (PS3.5 A.4): an offset table, an item, and nothing but the delimiter after it.
bool only_fragment(const unsigned char* data, std::size_t size, const unsigned char** start, std::size_t* length) {
    std::size_t at = 0;
    for (int item = 0; item < 2; ++item) {
        if (at + 8 > size || hdgpu::tag_at(data + at) != 0xFFFEE000) return false;
        *length = hdgpu::little_endian_32(data + at + 4);
        *start = data + at + 8;
        if (*length > size - at - 8) return false;
        at += 8 + *length;
    }
    return at + 8 <= size && hdgpu::tag_at(data + at) == 0xFFFEE0DD;
}

template <typename In>
const In* stored_values(const Job& job, std::size_t length, Scratch* scratch) {
    const unsigned char* data = scratch->encoded.data();
    if (!job.rle) return length >= job.samples * sizeof(In) ? reinterpret_cast<const In*>(data) : nullptr;
    const unsigned char* fragment;
    std::size_t fragment_length;
    if (!only_fragment(data, length, &fragment, &fragment_length)) return nullptr;
    scratch->planes.resize(sizeof(In) * (job.samples + hdgpu::slack));
    unsigned char* planes = scratch->planes.data();
    if (!hdgpu::unpack_frame(fragment, fragment_length, planes, job.samples, sizeof(In))) return nullptr;
    if constexpr (sizeof(In) == 1) return reinterpret_cast<const In*>(planes);
    scratch->joined.resize(job.samples);
    hdgpu::join_planes(planes, planes + job.samples + hdgpu::slack, scratch->joined.data(), job.samples);
    return reinterpret_cast<const In*>(scratch->joined.data());
}

// Native values that are wanted as they are: read to where they belong.
template <typename In>
bool load_in_place(const Job& job, const char* path, std::int64_t offset, In* out) {
    const std::size_t bytes = job.samples * sizeof(In);
    if (File(path).read(out, bytes, offset) != static_cast<ssize_t>(bytes)) return false;
    return !job.check || hdgpu::all_within(out, job.samples, job.low, job.high);
}

template <typename In, typename Out>
bool load_frame(const Job& job, const char* path, std::int64_t offset, std::size_t length, std::size_t place,
                const Affine& affine, Scratch* scratch) {
    if constexpr (std::is_same_v<In, Out>) {
        if (!job.rle && affine.identity && length == job.samples * sizeof(In)) {
            return load_in_place(job, path, offset, reinterpret_cast<Out*>(job.out) + place * job.samples);
        }
    }
    if (scratch->encoded.size() < length) scratch->encoded.resize(length);
    if (File(path).read(scratch->encoded.data(), length, offset) != static_cast<ssize_t>(length)) return false;
    const In* stored = stored_values<In>(job, length, scratch);
    if (!stored || (job.check && !hdgpu::all_within(stored, job.samples, job.low, job.high))) return false;
    Out* out = reinterpret_cast<Out*>(job.out) + place * job.samples;
    hdgpu::convert<In, Out>(stored, out, job.samples, affine, job.stream);
    return true;
}

using Loader = bool (*)(const Job&, const char*, std::int64_t, std::size_t, std::size_t, const Affine&, Scratch*);

template <typename In>
Loader loader_into(char out, char in) {
    if (out == 'f') return load_frame<In, float>;
    if (out == 'd') return load_frame<In, double>;
    return out == in ? load_frame<In, In> : nullptr;
}

// By the type codes of `struct`: B, b, H, h are what is stored.
Loader loader_of(char in, char out) {
    switch (in) {
        case 'B': return loader_into<std::uint8_t>(out, in);
        case 'b': return loader_into<std::int8_t>(out, in);
        case 'H': return loader_into<std::uint16_t>(out, in);
        case 'h': return loader_into<std::int16_t>(out, in);
        default: return nullptr;
    }
}

std::size_t width_of(char code) { return code == 'd' ? 8 : code == 'f' ? 4 : code == 'H' || code == 'h' ? 2 : 1; }

PyDoc_STRVAR(load_frames_doc,
    "load_frames(rle, paths, offsets, lengths, out, places, samples, types, slopes, intercepts, exact, stored_range, "
    "stream)\n--\n\n"
    "Read, decode and transform frames into their places in `out`; `types` are the codes of stored and output values.\n"
    "Returns how many frames were done before the first that is not plain.");

PyObject* load_frames(PyObject*, PyObject* arguments) {
    int rle, exact, stream;
    PyObject *path_list, *offset_list, *length_list, *place_list, *slope_list, *intercept_list, *out_object;
    Py_ssize_t samples;
    const char* types;
    long long low, high;
    if (!PyArg_ParseTuple(arguments, "pO!O!O!OO!nsO!O!p(LL)p", &rle, &PyList_Type, &path_list, &PyList_Type,
                          &offset_list, &PyList_Type, &length_list, &out_object, &PyList_Type, &place_list, &samples,
                          &types, &PyList_Type, &slope_list, &PyList_Type, &intercept_list, &exact, &low, &high,
                          &stream)) {
        return nullptr;
    }
    const Loader load = std::strlen(types) == 2 ? loader_of(types[0], types[1]) : nullptr;
    if (!load || samples <= 0) {
        PyErr_SetString(PyExc_ValueError, "not a pair of types, or no samples");
        return nullptr;
    }
    std::vector<PyObject*> kept;
    std::vector<const char*> paths;
    std::vector<long long> offsets, lengths, places;
    std::vector<double> slopes, intercepts;
    bool valid = paths_of(path_list, &kept, &paths);
    const std::size_t count = paths.size();
    valid = valid && numbers_of(offset_list, count, PyLong_AsLongLong, &offsets) &&
            numbers_of(length_list, count, PyLong_AsLongLong, &lengths) &&
            numbers_of(place_list, count, PyLong_AsLongLong, &places) &&
            numbers_of(slope_list, count, PyFloat_AsDouble, &slopes) &&
            numbers_of(intercept_list, count, PyFloat_AsDouble, &intercepts);
    Py_buffer view;
    const bool has_view = valid && PyObject_GetBuffer(out_object, &view, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) == 0;
    Py_ssize_t done = 0;
    if (has_view) {
        const std::size_t width = width_of(types[0]), out_bytes = static_cast<std::size_t>(samples) * width_of(types[1]);
        const long long slices = static_cast<long long>(static_cast<std::size_t>(view.len) / out_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            if (places[i] < 0 || places[i] >= slices || offsets[i] < 0 || lengths[i] < 0) {
                PyErr_SetString(PyExc_ValueError, "a place, offset or length out of range");
                break;
            }
        }
        const long long least = types[0] == 'b' ? -128 : types[0] == 'h' ? -32768 : 0;
        const long long most = (1LL << (8 * width - (least < 0 ? 1 : 0))) - 1;
        const Job job{rle != 0, static_cast<std::size_t>(samples), low, high, low > least || high < most, stream != 0,
                      static_cast<unsigned char*>(view.buf), out_bytes};
        if (!PyErr_Occurred()) {
            Py_BEGIN_ALLOW_THREADS
            Scratch scratch;
            for (std::size_t i = 0; i < count; ++i, ++done) {
                const Affine affine{slopes[i], intercepts[i], slopes[i] == 1.0 && intercepts[i] == 0.0, exact != 0};
                const auto length = static_cast<std::size_t>(lengths[i]);
                try {
                    if (!load(job, paths[i], offsets[i], length, static_cast<std::size_t>(places[i]), affine, &scratch)) break;
                } catch (...) {  // as above
                    break;
                }
            }
            Py_END_ALLOW_THREADS
        }
        PyBuffer_Release(&view);
    }
    for (PyObject* bytes : kept) Py_DECREF(bytes);
    return PyErr_Occurred() ? nullptr : PyLong_FromSsize_t(done);
}

// --- convert_frame ----------------------------------------------------------------------------------------------------

template <typename In>
bool convert_buffer(const Py_buffer& in, const Py_buffer& out, char code, const Affine& affine, bool stream) {
    const auto count = static_cast<std::size_t>(in.len) / sizeof(In);
    const auto* stored = static_cast<const In*>(in.buf);
    if (code == 'f' && static_cast<std::size_t>(out.len) == count * sizeof(float)) {
        hdgpu::convert<In, float>(stored, static_cast<float*>(out.buf), count, affine, stream);
    } else if (code == 'd' && static_cast<std::size_t>(out.len) == count * sizeof(double)) {
        hdgpu::convert<In, double>(stored, static_cast<double*>(out.buf), count, affine, stream);
    } else {
        return false;
    }
    return true;
}

PyDoc_STRVAR(convert_frame_doc,
    "convert_frame(stored, out, types, slope, intercept, exact, stream)\n--\n\n"
    "Transform the stored values of one frame into `out`, which may not overlap them.");

PyObject* convert_frame(PyObject*, PyObject* arguments) {
    Py_buffer in, out;
    const char* types;
    Affine affine;
    int exact, stream;
    if (!PyArg_ParseTuple(arguments, "y*w*sddpp", &in, &out, &types, &affine.slope, &affine.intercept, &exact, &stream)) {
        return nullptr;
    }
    affine.identity = affine.slope == 1.0 && affine.intercept == 0.0;
    affine.exact = exact != 0;
    bool valid = std::strlen(types) == 2;
    Py_BEGIN_ALLOW_THREADS
    switch (types[0]) {
        case 'B': valid = valid && convert_buffer<std::uint8_t>(in, out, types[1], affine, stream != 0); break;
        case 'b': valid = valid && convert_buffer<std::int8_t>(in, out, types[1], affine, stream != 0); break;
        case 'H': valid = valid && convert_buffer<std::uint16_t>(in, out, types[1], affine, stream != 0); break;
        case 'h': valid = valid && convert_buffer<std::int16_t>(in, out, types[1], affine, stream != 0); break;
        default: valid = false;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "not a pair of types, or buffers of different lengths");
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"scan_headers", scan_headers, METH_VARARGS, scan_headers_doc},
    {"load_frames", load_frames, METH_VARARGS, load_frames_doc},
    {"convert_frame", convert_frame, METH_VARARGS, convert_frame_doc},
    HDGPU_ARRAY_METHODS
    HDGPU_JPEG_METHODS
    HDGPU_PIXEL_METHODS
    HDGPU_RESAMPLE_METHODS
    HDGPU_JPEG2000_METHODS
    HDGPU_JPEG_LS_METHODS
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_compiled", "The plain cases of the hot loops.", -1, methods, nullptr, nullptr, nullptr,
    nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__compiled() { return PyModule_Create(&definition); }
