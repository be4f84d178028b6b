// hdgpu._compiled.decode_jpeg2000: see jpeg2000.hpp, and for what it is part of module.cpp.
#include "jpeg2000_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

#include "jpeg2000.hpp"

namespace hdgpu {

namespace {

// A thread keeps its decoder, and with it the memory of the largest frame so far, unless that is unusually large.
constexpr std::size_t most_memory_kept = std::size_t{64} << 20;

bool decode_frame(jpeg2000::Bytes bytes, const jpeg2000::Frame& frame, unsigned threads) {
    thread_local std::unique_ptr<jpeg2000::FrameDecoder> decoder;
    bool done = false;
    try {
        if (!decoder) decoder = std::make_unique<jpeg2000::FrameDecoder>();
        done = decoder->decode(bytes, frame, threads);
    } catch (...) {  // out of memory: the next decoder tries, and says so
        decoder.reset();
    }
    if (decoder && decoder->memory() > most_memory_kept) decoder.reset();
    return done;
}

}  // namespace

}  // namespace hdgpu

PyObject* hdgpu_decode_jpeg2000(PyObject*, PyObject* arguments) {
    namespace jpeg2000 = hdgpu::jpeg2000;
    Py_buffer data, out;
    unsigned rows, columns, components, threads = 1;
    int is_signed;
    if (!PyArg_ParseTuple(arguments, "y*w*IIIp|I", &data, &out, &rows, &columns, &components, &is_signed, &threads)) {
        return nullptr;
    }
    const bool usual = rows < 65536 && columns < 65536 && components <= jpeg2000::most_components;
    const std::uint64_t samples = usual ? std::uint64_t{rows} * columns * components : 0;
    const auto length = static_cast<std::uint64_t>(out.len);
    const unsigned bytes = samples && length == samples ? 1 : samples && length == 2 * samples ? 2 : 0;
    bool done = false;
    if (bytes && reinterpret_cast<std::uintptr_t>(out.buf) % bytes == 0) {
        const auto size = static_cast<std::size_t>(data.len);
        const jpeg2000::Bytes codestream{static_cast<const unsigned char*>(data.buf), size};
        const jpeg2000::Frame frame{rows, columns, components, bytes, is_signed != 0, out.buf};
        Py_BEGIN_ALLOW_THREADS
        done = hdgpu::decode_frame(codestream, frame, threads);
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
