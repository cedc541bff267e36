// Compiled, not run: our declaration of IInspectable and IAsyncInfo against MinGW's. It has no
// header of the smart cards' classes, and those of lists and operations are templates in C++.
#define CINTERFACE
#include <asyncinfo.h>
#include <windows.h>

#include <cstddef>

#include "windows/winrt/runtime_interfaces.h"

namespace {

using vsc::winrt::AsyncInfoTable;

#define SAME(MEMBER) \
  static_assert(offsetof(AsyncInfoTable, MEMBER) == offsetof(IAsyncInfoVtbl, MEMBER), #MEMBER)

SAME(get_Id);
SAME(get_Status);
SAME(get_ErrorCode);
SAME(Cancel);
SAME(Close);

static_assert(sizeof(vsc::InspectableTable<IInspectable>) == sizeof(IInspectableVtbl));
static_assert(sizeof(AsyncInfoTable) == sizeof(IAsyncInfoVtbl));

static_assert(static_cast<int>(vsc::winrt::AsyncStatus::kStarted) == Started);
static_assert(static_cast<int>(vsc::winrt::AsyncStatus::kCompleted) == Completed);
static_assert(static_cast<int>(vsc::winrt::AsyncStatus::kCanceled) == Canceled);
static_assert(static_cast<int>(vsc::winrt::AsyncStatus::kError) == Error);

}  // namespace
