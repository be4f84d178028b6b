// Jumps over functions of another library, so that who calls them calls ours.
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include "device.hpp"

ENTRY int cuda_on_host_lead(unsigned char* place, const void* target) {
#if defined(__x86_64__)
    unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};  // mov rax, target; jmp rax
    constexpr std::size_t at = 2;
#elif defined(__aarch64__)
    unsigned char jump[] = {0x50, 0, 0, 0x58, 0, 2, 0x1f, 0xd6, 0, 0, 0, 0, 0, 0, 0, 0};  // ldr x16, target; br x16
    constexpr std::size_t at = 8;
#else
#error "no jump is known for this processor"
#endif
    std::memcpy(jump + at, &target, sizeof target);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(place) / page * page;
    if (mprotect(reinterpret_cast<void*>(first), 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC)) return -1;
    std::memcpy(place, jump, sizeof jump);
    __builtin___clear_cache(reinterpret_cast<char*>(place), reinterpret_cast<char*>(place + sizeof jump));
    return 0;
}
