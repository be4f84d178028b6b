// hdgpu._compiled.decode_jpeg_ls: see jpegls.hpp, and for what it is part of module.cpp.
#include "jpegls_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

#include "jpegls.hpp"

namespace hdgpu {

namespace {

// A thread keeps its decoder, and with it the memory of the largest frame so far, unless that is unusually large.
constexpr std::size_t most_memory_kept = std::size_t{16} << 20;

bool decode_frame(jpegls::Bytes stream, const jpegls::Frame& frame) {
    thread_local std::unique_ptr<jpegls::FrameDecoder> decoder;
    bool done = false;
    try {
        if (!decoder) decoder = std::make_unique<jpegls::FrameDecoder>();
        done = decoder->decode(stream, frame);
    } catch (...) {  // out of memory: the next decoder tries, and says so
        decoder.reset();
    }
    if (decoder && decoder->memory() > most_memory_kept) decoder.reset();
    return done;
}

}  // namespace

}  // namespace hdgpu

PyObject* hdgpu_decode_jpeg_ls(PyObject*, PyObject* arguments) {
    namespace jpegls = hdgpu::jpegls;
    Py_buffer data, out;
    unsigned rows, columns;
    int is_signed;
    if (!PyArg_ParseTuple(arguments, "y*w*IIp", &data, &out, &rows, &columns, &is_signed)) return nullptr;
    const std::uint64_t samples = rows < 65536 && columns < 65536 ? std::uint64_t{rows} * columns : 0;
    const auto length = static_cast<std::uint64_t>(out.len);
    const unsigned bytes = samples && length == samples ? 1 : samples && length == 2 * samples ? 2 : 0;
    bool done = false;
    if (bytes && reinterpret_cast<std::uintptr_t>(out.buf) % bytes == 0) {
        const auto size = static_cast<std::size_t>(data.len);
        const jpegls::Bytes stream{static_cast<const unsigned char*>(data.buf), size};
        const jpegls::Frame frame{rows, columns, bytes, is_signed != 0, out.buf};
        Py_BEGIN_ALLOW_THREADS
        done = hdgpu::decode_frame(stream, frame);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&data);
    PyBuffer_Release(&out);
    if (!bytes) {
        PyErr_SetString(PyExc_ValueError, "out is not of one or two bytes for each sample");
        return nullptr;
    }
    return PyBool_FromLong(done);
}
