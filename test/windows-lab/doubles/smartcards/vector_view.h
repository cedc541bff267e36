#pragma once

#include <utility>
#include <vector>

#include "smartcards/interfaces.h"
#include "smartcards/runtime_object.h"

namespace lab {

/** E_BOUNDS. */
constexpr uint32_t kOutOfBounds = 0x8000000B;

/** A list of objects; takes one reference of each over. */
template <typename Item>
class VectorView final : public RuntimeObject<IVectorView<Item>> {
 public:
  explicit VectorView(std::vector<Item*> items) : items_(std::move(items)) {}

  HRESULT STDMETHODCALLTYPE GetAt(UINT32 index, Item** item) override {
    return Method("GetAt", {{"index", static_cast<double>(index)}}, [&](const Json&) {
      RequireReceiver(item);
      Require(index < items_.size(), kOutOfBounds);
      items_[index]->AddRef();
      *item = items_[index];
    });
  }
  HRESULT STDMETHODCALLTYPE get_Size(UINT32* size) override {
    return Method("get_Size", {}, [&](const Json&) {
      Require(size != nullptr, static_cast<uint32_t>(E_POINTER));
      *size = static_cast<UINT32>(items_.size());
    });
  }
  HRESULT STDMETHODCALLTYPE IndexOf(Item*, UINT32*, boolean*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetMany(UINT32, UINT32, Item**, UINT32*) override { return E_NOTIMPL; }

 protected:
  ~VectorView() override {
    for (Item* const item : items_) item->Release();
  }

 private:
  const std::vector<Item*> items_;
};

}  // namespace lab
