// What processes take of the system, measured from outside: for each process of one of the named
// programs one element of a JSON array.
//   process_resources.exe NAME… → [{ "name": "node.exe", "id": 32, "handles": 130, "threads": 14,
//   "privateBytes": …, "workingSet": … }]
#include <windows.h>
#include <winternl.h>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/text.h"

namespace {

constexpr NTSTATUS kLengthMismatch = static_cast<NTSTATUS>(0xC0000004);

/** What the system answers to a question about all of itself. */
using Listing = std::vector<unsigned char>;

Listing Ask(SYSTEM_INFORMATION_CLASS question) {
  for (ULONG size = 1 << 16;; size *= 2) {
    Listing listing(size);
    const NTSTATUS status = NtQuerySystemInformation(question, listing.data(), size, nullptr);
    if (status == 0) return listing;
    if (status != kLengthMismatch) throw std::runtime_error("the system does not answer");
  }
}

// SystemExtendedHandleInformation and its answer, which the header lacks.
constexpr auto kAllHandles = static_cast<SYSTEM_INFORMATION_CLASS>(64);
struct HandleEntry {
  void* object;
  ULONG_PTR process;
  ULONG_PTR value;
  ULONG access;
  USHORT creator;
  USHORT type;
  ULONG attributes;
  ULONG reserved;
};
struct AllHandles {
  ULONG_PTR count;
  ULONG_PTR reserved;
  HandleEntry entries[1];
};

/** One by one: what Wine says of a process as a whole is the size of its table. */
double CountHandles(ULONG_PTR process) {
  const Listing listing = Ask(kAllHandles);
  const auto& all = *reinterpret_cast<const AllHandles*>(listing.data());
  const auto isOwn = [process](const HandleEntry& entry) { return entry.process == process; };
  return static_cast<double>(std::count_if(all.entries, all.entries + all.count, isOwn));
}

std::string NameOf(const SYSTEM_PROCESS_INFORMATION& process) {
  const UNICODE_STRING& name = process.ImageName;
  return lab::Utf8(std::wstring(name.Buffer, name.Length / sizeof(wchar_t)));
}

lab::Json Describe(const SYSTEM_PROCESS_INFORMATION& process) {
  const auto number = [](auto value) { return lab::Json(static_cast<double>(value)); };
  const ULONG_PTR id = reinterpret_cast<ULONG_PTR>(process.UniqueProcessId);
  return lab::Json::Object{
      {"name", NameOf(process)},
      {"id", number(id)},
      {"handles", CountHandles(id)},
      {"threads", number(process.NumberOfThreads)},
      {"privateBytes", number(process.VirtualMemoryCounters.PagefileUsage)},
      {"workingSet", number(process.VirtualMemoryCounters.WorkingSetSize)},
  };
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> wanted(arguments + 1, arguments + count);
  const Listing listing = Ask(SystemProcessInformation);
  lab::Json::Array found;
  for (const unsigned char* place = listing.data();;) {
    const auto& process = *reinterpret_cast<const SYSTEM_PROCESS_INFORMATION*>(place);
    if (std::find(wanted.begin(), wanted.end(), NameOf(process)) != wanted.end()) {
      found.push_back(Describe(process));
    }
    if (process.NextEntryOffset == 0) break;
    place += process.NextEntryOffset;
  }
  std::cout << lab::Json(std::move(found)).Text();
  return 0;
}
