#include "posix/libtpms_memory.h"

#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace vsc {

namespace {

struct Search {
  std::uintptr_t address;
  const std::vector<SecretBuffer>& values;
};

struct Range {
  std::uintptr_t begin;
  std::uintptr_t end;
  bool Contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

Range RangeOf(const dl_phdr_info& library, const ElfW(Phdr) & header) {
  const std::uintptr_t begin = library.dlpi_addr + header.p_vaddr;
  return {begin, begin + header.p_memsz};
}

int VisitLibrary(dl_phdr_info* library, std::size_t, void* data) {
  const auto& search = *static_cast<const Search*>(data);
  bool wanted = false;
  Range read_only = {0, 0};
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = library->dlpi_phdr[i];
    if (header.p_type == PT_LOAD && RangeOf(*library, header).Contains(search.address)) {
      wanted = true;
    }
    if (header.p_type == PT_GNU_RELRO) read_only = RangeOf(*library, header);
  }
  if (!wanted) return 0;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = library->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
    Range range = RangeOf(*library, header);
    // The dynamic linker has write-protected the head of the segment: pointers, no secrets.
    if (read_only.Contains(range.begin)) range.begin = std::min(read_only.end, range.end);
    WipeIn(reinterpret_cast<std::uint8_t*>(range.begin), range.end - range.begin, search.values);
  }
  return 1;
}

}  // namespace

void WipeInLibraryVariables(const void* address, const std::vector<SecretBuffer>& values) {
  Search search = {reinterpret_cast<std::uintptr_t>(address), values};
  dl_iterate_phdr(VisitLibrary, &search);
}

void WipeIn(std::uint8_t* memory, std::size_t size, const std::vector<SecretBuffer>& values) {
  for (const SecretBuffer& value : values) {
    std::uint8_t* const end = memory + size;
    std::uint8_t* at = memory;
    while (void* found = memmem(at, end - at, value.data(), value.size())) {
      at = static_cast<std::uint8_t*>(found);
      Wipe(at, value.size());
      at += value.size();
    }
  }
}

}  // namespace vsc
