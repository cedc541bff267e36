#pragma once

#include <objbase.h>
// After objbase.h, whose types they need.
#include <hstring.h>

#include <cstddef>
#include <type_traits>

#include "windows/system/interface_table.h"

/*
 * The Windows Runtime's own interfaces, as far as they are called, as tables of functions, so that
 * the compiler checks where each function is.
 */
namespace vsc::winrt {

constexpr IID kAsyncInfo = {
    0x00000036, 0x0000, 0x0000, {0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};

/** AsyncStatus. */
enum class AsyncStatus : INT32 { kStarted = 0, kCompleted = 1, kCanceled = 2, kError = 3 };

struct AsyncInfo;

struct AsyncInfoTable {
  InspectableTable<AsyncInfo> inspectable;
  HRESULT(STDMETHODCALLTYPE* get_Id)(AsyncInfo*, UINT32* id);
  HRESULT(STDMETHODCALLTYPE* get_Status)(AsyncInfo*, AsyncStatus* status);
  HRESULT(STDMETHODCALLTYPE* get_ErrorCode)(AsyncInfo*, HRESULT* code);
  HRESULT(STDMETHODCALLTYPE* Cancel)(AsyncInfo*);
  HRESULT(STDMETHODCALLTYPE* Close)(AsyncInfo*);
};

/** IAsyncInfo: what all asynchronous operations have, whatever they bring. */
struct AsyncInfo {
  const AsyncInfoTable* table;
};

template <typename Result>
struct AsyncOperation;

template <typename Result>
struct AsyncOperationTable {
  InspectableTable<AsyncOperation<Result>> inspectable;
  /** put_Completed, get_Completed: their handler's identifier depends on the result. */
  void* for_handlers[2];
  HRESULT(STDMETHODCALLTYPE* GetResults)(AsyncOperation<Result>*, Result* result);
};

/** IAsyncOperation<T>; `Result` is a T as it is received: a pointer to an interface, or a string.
 */
template <typename Result>
struct AsyncOperation {
  const AsyncOperationTable<Result>* table;
};

template <typename Item>
struct VectorView;

template <typename Item>
struct VectorViewTable {
  InspectableTable<VectorView<Item>> inspectable;
  HRESULT(STDMETHODCALLTYPE* GetAt)(VectorView<Item>*, UINT32 index, Item** item);
  HRESULT(STDMETHODCALLTYPE* get_Size)(VectorView<Item>*, UINT32* size);
  /** IndexOf, GetMany. */
  void* never_called[2];
};

/** IVectorView<T> of objects. */
template <typename Item>
struct VectorView {
  const VectorViewTable<Item>* table;
};

static_assert(std::is_standard_layout_v<AsyncInfo> && sizeof(AsyncInfo) == kSlot);
static_assert(std::is_standard_layout_v<AsyncInfoTable>);
static_assert(sizeof(AsyncInfoTable) == 11 * kSlot);
static_assert(offsetof(AsyncInfoTable, get_Status) == 7 * kSlot);
static_assert(offsetof(AsyncInfoTable, get_ErrorCode) == 8 * kSlot);
static_assert(offsetof(AsyncInfoTable, Cancel) == 9 * kSlot);
static_assert(offsetof(AsyncOperationTable<HSTRING>, GetResults) == 8 * kSlot);
static_assert(sizeof(AsyncOperationTable<HSTRING>) == 9 * kSlot);
static_assert(offsetof(VectorViewTable<IUnknown>, GetAt) == 6 * kSlot);
static_assert(offsetof(VectorViewTable<IUnknown>, get_Size) == 7 * kSlot);
static_assert(sizeof(VectorViewTable<IUnknown>) == 10 * kSlot);
static_assert(sizeof(AsyncStatus) == 4);

}  // namespace vsc::winrt
