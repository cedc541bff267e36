#include <windows.h>
// After windows.h, whose types they need.
#include <setupapi.h>
#include <winscard.h>

#include "open_card.h"
#include "text.h"

namespace bench {

namespace {

constexpr GUID kReaderClass = {
    0x50DD5230, 0xBA8A, 0x11D1, {0xBF, 0x5D, 0x00, 0x00, 0xF8, 0x05, 0xF5, 0x30}};
constexpr DWORD kRoom = 512;

template <typename Function>
Function Find(const char* name) {
  // Of Windows 8 and later, and not in this compiler's import library.
  static const HMODULE library = LoadLibraryW(L"winscard.dll");
  return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(library, name)));
}

/** The device instance id of a reader, asked for with all else that is asked of readers. */
std::wstring Describe(SCARDCONTEXT context, const wchar_t* reader) {
  static const auto get_type =
      Find<LONG(WINAPI*)(SCARDCONTEXT, LPCWSTR, DWORD*)>("SCardGetDeviceTypeIdW");
  static const auto get_id =
      Find<LONG(WINAPI*)(SCARDCONTEXT, LPCWSTR, LPWSTR, DWORD*)>("SCardGetReaderDeviceInstanceIdW");
  DWORD type = 0;
  Check(get_type(context, reader, &type), "SCardGetDeviceTypeIdW");
  DWORD size = 0;
  Check(get_id(context, reader, nullptr, &size), "SCardGetReaderDeviceInstanceIdW");
  std::wstring id(size, L'\0');
  Check(get_id(context, reader, id.data(), &size), "SCardGetReaderDeviceInstanceIdW");
  SCARD_READERSTATEW state = {};
  state.szReader = reader;
  Check(SCardGetStatusChangeW(context, 0, &state, 1), "SCardGetStatusChangeW");
  return id.c_str();
}

std::wstring FindReader(SCARDCONTEXT context, const std::wstring& instance_id) {
  DWORD size = 0;
  Check(SCardListReadersW(context, nullptr, nullptr, &size), "SCardListReadersW");
  std::wstring names(size, L'\0');
  Check(SCardListReadersW(context, nullptr, names.data(), &size), "SCardListReadersW");
  std::wstring found;
  for (const wchar_t* name = names.c_str(); *name != L'\0'; name += wcslen(name) + 1) {
    if (_wcsicmp(Describe(context, name).c_str(), instance_id.c_str()) == 0) found = name;
  }
  return found;
}

}  // namespace

void ListDevices() {
  const HDEVINFO set = SetupDiGetClassDevsW(&kReaderClass, L"ROOT", nullptr, DIGCF_PRESENT);
  SP_DEVINFO_DATA device = {};
  device.cbSize = sizeof(device);
  for (DWORD index = 0; SetupDiEnumDeviceInfo(set, index, &device); ++index) {
    wchar_t text[kRoom];
    DWORD size = 0;
    SetupDiGetDeviceInstanceIdW(set, &device, text, kRoom, &size);
    SetupDiGetDeviceRegistryPropertyW(set, &device, SPDRP_FRIENDLYNAME, nullptr, nullptr, 0, &size);
    SetupDiGetDeviceRegistryPropertyW(set, &device, SPDRP_FRIENDLYNAME, nullptr,
                                      reinterpret_cast<BYTE*>(text), sizeof(text), nullptr);
  }
  SetupDiDestroyDeviceInfoList(set);
}

OpenCard::OpenCard(const std::wstring& instance_id) {
  SCARDCONTEXT looking = 0;
  Check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &looking),
        "SCardEstablishContext");
  const std::wstring reader = FindReader(looking, instance_id);
  SCardReleaseContext(looking);
  Check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_),
        "SCardEstablishContext");
  DWORD protocol = 0;
  Check(SCardConnectW(context_, reader.c_str(), SCARD_SHARE_SHARED,
                      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card_, &protocol),
        "SCardConnectW");
}

OpenCard::~OpenCard() {
  SCardDisconnect(card_, SCARD_RESET_CARD);
  SCardReleaseContext(context_);
}

}  // namespace bench
