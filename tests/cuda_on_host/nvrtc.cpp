// NVRTC, which hands what it is to compile to a function of the tests: that calls g++ and returns a library's path.
#include <cstring>
#include <string>

#define ENTRY extern "C" __attribute__((visibility("default")))

enum { SUCCESS = 0, COMPILATION = 6, NAME_EXPRESSION_NOT_VALID = 8 };

// Writes the path of the library, or what the compiler said, and returns whether it is a path.
using Compiler = bool (*)(const char* source, int options, const char* const* option, char* answer, int size);
static Compiler compiler = nullptr;

struct Program {
    std::string source, log = "", image = "";
};

ENTRY void cuda_on_host_compile_with(Compiler given) { compiler = given; }

ENTRY const char* nvrtcGetErrorString(int error) { return error ? "NVRTC_ERROR_COMPILATION" : "NVRTC_SUCCESS"; }
ENTRY int nvrtcVersion(int* major, int* minor) { return *major = 13, *minor = 0, SUCCESS; }
ENTRY int nvrtcGetNumSupportedArchs(int* count) { return *count = 1, SUCCESS; }
ENTRY int nvrtcGetSupportedArchs(int* architectures) { return *architectures = 90, SUCCESS; }

ENTRY int nvrtcCreateProgram(Program** program, const char* source, const char*, int, const char* const*,
                             const char* const*) {
    return *program = new Program{source}, SUCCESS;
}
ENTRY int nvrtcDestroyProgram(Program** program) { return delete *program, *program = nullptr, SUCCESS; }
ENTRY int nvrtcAddNameExpression(Program*, const char*) { return NAME_EXPRESSION_NOT_VALID; }
ENTRY int nvrtcGetLoweredName(Program*, const char*, const char**) { return NAME_EXPRESSION_NOT_VALID; }

ENTRY int nvrtcCompileProgram(Program* program, int options, const char* const* option) {
    std::string answer(1 << 16, '\0');
    const bool compiled = compiler(program->source.c_str(), options, option, answer.data(), answer.size());
    answer.resize(std::strlen(answer.c_str()));
    (compiled ? program->image : program->log) = answer;
    return compiled ? SUCCESS : COMPILATION;
}

static int size_of(const std::string& text, std::size_t* size) { return *size = text.size() + 1, SUCCESS; }
static int copy_of(const std::string& text, char* to) {
    return std::memcpy(to, text.c_str(), text.size() + 1), SUCCESS;
}
ENTRY int nvrtcGetPTXSize(Program* program, std::size_t* size) { return size_of(program->image, size); }
ENTRY int nvrtcGetPTX(Program* program, char* to) { return copy_of(program->image, to); }
ENTRY int nvrtcGetCUBINSize(Program* program, std::size_t* size) { return size_of(program->image, size); }
ENTRY int nvrtcGetCUBIN(Program* program, char* to) { return copy_of(program->image, to); }
ENTRY int nvrtcGetProgramLogSize(Program* program, std::size_t* size) { return size_of(program->log, size); }
ENTRY int nvrtcGetProgramLog(Program* program, char* to) { return copy_of(program->log, to); }
