#include "client/call.h"

#include <objbase.h>

#include <stdexcept>
#include <string>

#include "client/callback.h"
#include "common/base64.h"
#include "common/text.h"

namespace lab {
namespace {

constexpr CLSID kLocalManager = {
    0x16A18E86, 0x7F6E, 0x4C20, {0xAD, 0x89, 0x4F, 0xFC, 0x0D, 0xB7, 0xA9, 0x6A}};

/** A pointer and a size that need not go together. */
class Argument {
 public:
  Argument(const Json& arguments, const std::string& name) {
    const Json& value = arguments.At(name);
    isNull_ = value.IsNull();
    if (!isNull_) bytes_ = FromBase64(value.String());
    // An empty argument still has an address.
    bytes_.reserve(1);
    const Json* size = arguments.Find(name + "Size");
    size_ = size ? static_cast<DWORD>(size->Number()) : static_cast<DWORD>(bytes_.size());
  }

  const BYTE* bytes() const { return isNull_ ? nullptr : bytes_.data(); }
  DWORD size() const { return size_; }

 private:
  bool isNull_;
  Bytes bytes_;
  DWORD size_;
};

/** A reference to a COM object, let go of at the end of the scope. */
template <typename Interface>
class Held {
 public:
  explicit Held(Interface* pointer) : pointer_(pointer) {}
  ~Held() {
    if (pointer_) pointer_->Release();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  Interface* get() const { return pointer_; }
  Interface* operator->() const { return pointer_; }

 private:
  Interface* const pointer_;
};

/** Throws the HRESULT when there is no such manager. */
template <typename Interface>
Interface* NewManager(REFIID id) {
  void* manager = nullptr;
  const HRESULT result =
      CoCreateInstance(kLocalManager, nullptr, CLSCTX_LOCAL_SERVER, id, &manager);
  if (FAILED(result)) throw result;
  return static_cast<Interface*>(manager);
}

struct Answer {
  HRESULT result = S_OK;
  WCHAR* instanceId = nullptr;
  BOOL needReboot = FALSE;
};

Answer Create(const std::string& method, const Json& arguments, Callback* callback) {
  const std::wstring name = Wide(arguments.At("friendlyName").String());
  const BYTE algorithm = static_cast<BYTE>(arguments.At("adminAlgorithmId").Number());
  const Argument key(arguments, "adminKey");
  const Argument kcv(arguments, "adminKcv");
  const Argument puk(arguments, "puk");
  const Argument pin(arguments, "pin");
  const BOOL generate = arguments.At("generate").Boolean();
  Answer answer;
  if (method == "CreateVirtualSmartCard") {
    const Held manager(NewManager<ITpmVirtualSmartCardManager>(IID_ITpmVirtualSmartCardManager));
    answer.result = manager->CreateVirtualSmartCard(
        name.c_str(), algorithm, key.bytes(), key.size(), kcv.bytes(), kcv.size(), puk.bytes(),
        puk.size(), pin.bytes(), pin.size(), generate, callback, &answer.instanceId,
        &answer.needReboot);
    return answer;
  }
  const Argument policy(arguments, "pinPolicy");
  if (method == "CreateVirtualSmartCardWithPinPolicy") {
    const Held manager(NewManager<ITpmVirtualSmartCardManager2>(IID_ITpmVirtualSmartCardManager2));
    answer.result = manager->CreateVirtualSmartCardWithPinPolicy(
        name.c_str(), algorithm, key.bytes(), key.size(), kcv.bytes(), kcv.size(), puk.bytes(),
        puk.size(), pin.bytes(), pin.size(), policy.bytes(), policy.size(), generate, callback,
        &answer.instanceId, &answer.needReboot);
    return answer;
  }
  if (method != "CreateVirtualSmartCardWithAttestation") throw std::runtime_error(method);
  const int attestation = static_cast<int>(arguments.At("attestationType").Number());
  const Held manager(NewManager<ITpmVirtualSmartCardManager3>(IID_ITpmVirtualSmartCardManager3));
  answer.result = manager->CreateVirtualSmartCardWithAttestation(
      name.c_str(), algorithm, key.bytes(), key.size(), kcv.bytes(), kcv.size(), puk.bytes(),
      puk.size(), pin.bytes(), pin.size(), policy.bytes(), policy.size(),
      static_cast<TPMVSC_ATTESTATION_TYPE>(attestation), generate, callback, &answer.instanceId);
  return answer;
}

Answer Destroy(const Json& arguments, Callback* callback) {
  const std::wstring id = Wide(arguments.At("instanceId").String());
  const Held manager(NewManager<ITpmVirtualSmartCardManager>(IID_ITpmVirtualSmartCardManager));
  Answer answer;
  answer.result = manager->DestroyVirtualSmartCard(id.c_str(), callback, &answer.needReboot);
  return answer;
}

}  // namespace

Json CallManager(const Json& request) {
  const std::string& method = request.At("method").String();
  const Json& arguments = request.At("arguments");
  const Json* abortAt = request.Find("abortAt");
  const Held<Callback> callback(new Callback(
      abortAt ? std::optional<int>(static_cast<int>(abortAt->Number())) : std::nullopt));
  const bool isDestroy = method == "DestroyVirtualSmartCard";
  Answer answer;
  try {
    answer =
        isDestroy ? Destroy(arguments, callback.get()) : Create(method, arguments, callback.get());
  } catch (const HRESULT result) {
    answer.result = result;
  }
  Json id = answer.instanceId ? Json(Utf8(answer.instanceId)) : Json();
  CoTaskMemFree(answer.instanceId);
  return Json::Object{
      {"result", static_cast<unsigned>(answer.result)},
      {"instanceId", std::move(id)},
      {"needReboot", answer.needReboot != FALSE},
      {"progress", callback->Progress()},
      {"errors", callback->Errors()},
  };
}

}  // namespace lab
