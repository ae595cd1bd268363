#include "kernels/dispatch.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "kernels/isa/tables.h"

namespace understudy {

namespace {

struct Features {
  bool avx2 = false, avx_vnni = false, avx512_vnni = false, amx = false;
};

// Linux hands out the 8 KiB of tile registers only to processes that ask (Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// A set counts only if the operating system saves its registers (XCR0), not just if the CPU has it: virtual
// machines and emulators offer one without the other.
Features detect() {
  Features found;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  constexpr unsigned kOsxsave = 1u << 27, kFma = 1u << 12, kF16c = 1u << 29;
  if (!(c & kOsxsave) || !(c & kFma) || !(c & kF16c)) return found;
  unsigned xcr0, upper;
  __asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(upper) : "c"(0));
  const bool ymm = (xcr0 & 0x6) == 0x6, zmm = (xcr0 & 0xe6) == 0xe6;
  if (!ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  constexpr unsigned kAvx2 = 1u << 5, kFoundation = 1u << 16, kDq = 1u << 17, kBw = 1u << 30, kVl = 1u << 31;
  constexpr unsigned kAvx512 = kFoundation | kDq | kBw | kVl, kVnni = 1u << 11;
  found.avx2 = (b & kAvx2) != 0;
  found.avx512_vnni = found.avx2 && zmm && (b & kAvx512) == kAvx512 && (c & kVnni) != 0;
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24, kAmxInt8 = 1u << 25, kTileState = 3u << 17;
  constexpr unsigned kAmx = kAmxBf16 | kAmxTile | kAmxInt8;
  const bool has_tiles = (d & kAmx) == kAmx && (xcr0 & kTileState) == kTileState;
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return found;
  constexpr unsigned kAvxVnni = 1u << 4, kAvx512Bf16 = 1u << 5;
  found.avx_vnni = found.avx2 && (a & kAvxVnni) != 0;
  found.amx = found.avx512_vnni && has_tiles && (a & kAvx512Bf16) != 0 && may_use_tiles();
  return found;
}

}  // namespace

const std::vector<const KernelTable*>& available_kernels() {
  static const std::vector<const KernelTable*> tables = [] {
    Features cpu = detect();
    std::vector<const KernelTable*> list{&isa::scalar::kTable};
    if (cpu.avx2) list.push_back(&isa::avx2::kTable);
    if (cpu.avx_vnni) list.push_back(&isa::avx_vnni::kTable);
    if (cpu.avx512_vnni) list.push_back(&isa::avx512::kTable);
    if (cpu.amx) list.push_back(&isa::amx::kTable);
    return list;
  }();
  return tables;
}

std::vector<const KernelTable*> testable_kernels() {
  std::vector<const KernelTable*> tables = available_kernels();
  const bool avx512 = std::find(tables.begin(), tables.end(), &isa::avx512::kTable) != tables.end();
  if (avx512) tables.push_back(&isa::amx_emulated::kTable);
  return tables;
}

Result<const KernelTable*> select_kernels() {
  const char* wanted = std::getenv("UNDERSTUDY_ISA");
  if (wanted == nullptr || *wanted == '\0') return available_kernels().back();
  for (const KernelTable* table : testable_kernels()) {
    if (std::string(wanted) == table->name) return table;
  }
  std::string names;
  for (const KernelTable* table : available_kernels()) {
    names += names.empty() ? table->name : std::string(", ") + table->name;
  }
  return Error{ErrorCode::invalid_argument,
               std::string("this machine cannot run the instruction set '") + wanted + "'", "UNDERSTUDY_ISA",
               "Choose one of: " + names + ", or leave it unset for the fastest"};
}

}  // namespace understudy
