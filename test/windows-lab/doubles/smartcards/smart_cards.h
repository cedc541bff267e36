#pragma once

#include <string>
#include <utility>

#include "smartcards/interfaces.h"
#include "smartcards/operation.h"
#include "smartcards/runtime_object.h"

namespace lab {

/** A card that was in a reader. */
class SmartCard final : public RuntimeObject<ISmartCard> {};

/** A device that is a reader. */
class DeviceInformation final : public RuntimeObject<IDeviceInformation> {
 public:
  explicit DeviceInformation(std::wstring id) : id_(std::move(id)) {}
  HRESULT STDMETHODCALLTYPE get_Id(HSTRING* id) override;

 private:
  const std::wstring id_;
};

/** A reader of the forwarder. */
class SmartCardReader final : public RuntimeObject<ISmartCardReader> {
 public:
  explicit SmartCardReader(std::wstring name) : name_(std::move(name)) {}

  HRESULT STDMETHODCALLTYPE get_DeviceId(HSTRING*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_Name(HSTRING* name) override;
  HRESULT STDMETHODCALLTYPE get_Kind(INT32*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetStatusAsync(IUnknown**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE FindAllCardsAsync(IAsyncOperation<CardView*>** operation) override;

 private:
  const std::wstring name_;
};

/** A card's provisioning. What the key's container is called, a test says. */
class Provisioning final : public RuntimeObject<IProvisioning, IProvisioning2> {
 public:
  HRESULT STDMETHODCALLTYPE
  GetAuthorityKeyContainerNameAsync(IAsyncOperation<HSTRING>** operation) override;

 protected:
  void* Find(REFIID id) override;
};

}  // namespace lab
