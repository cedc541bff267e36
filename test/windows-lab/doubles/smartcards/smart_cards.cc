#include "smartcards/smart_cards.h"

#include "common/readers.h"
#include "common/text.h"
#include "smartcards/strings.h"
#include "smartcards/vector_view.h"

namespace lab {

namespace {

HRESULT Received(const char* call, HSTRING* receiver, const std::wstring& text) {
  return Method(call, {}, [&](const Json&) {
    RequireReceiver(receiver);
    *receiver = NewString(text);
  });
}

}  // namespace

HRESULT DeviceInformation::get_Id(HSTRING* id) {
  return Received("get_Id", id, id_);
}

HRESULT SmartCardReader::get_Name(HSTRING* name) {
  return Received("get_Name", name, name_);
}

HRESULT SmartCardReader::FindAllCardsAsync(IAsyncOperation<CardView*>** operation) {
  return StartOperation("FindAllCardsAsync", {{"reader", Utf8(name_)}}, operation,
                        [this](const Course&) {
                          const bool hasCard = FindReader(name_).hasCard;
                          return [hasCard]() -> CardView* {
                            std::vector<ISmartCard*> cards;
                            if (hasCard) cards.push_back(new SmartCard);
                            return new VectorView<ISmartCard>(cards);
                          };
                        });
}

HRESULT Provisioning::GetAuthorityKeyContainerNameAsync(IAsyncOperation<HSTRING>** operation) {
  return StartOperation(
      "GetAuthorityKeyContainerNameAsync", {}, operation,
      [](const Course& course) { return [text = Wide(course.text)] { return NewString(text); }; });
}

void* Provisioning::Find(REFIID id) {
  if (id == kProvisioning) return static_cast<IProvisioning*>(this);
  return id == kProvisioning2 ? static_cast<IProvisioning2*>(this) : nullptr;
}

}  // namespace lab
