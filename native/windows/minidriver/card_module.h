#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/secret_buffer.h"
#include "node/unique_handle.h"
#include "windows/minidriver/card_data.h"
#include "windows/minidriver/card_types.h"
#include "windows/system/system_library.h"

namespace vsc {

struct CardContextTraits {
  using Type = CardData*;
  static Type None() { return nullptr; }
  static void Close(Type data) noexcept {
    if (data->delete_context != nullptr) data->delete_context(data);
  }
};

/**
 * The card module (minidriver) of a card with what it needs to know of it. It talks to the card by
 * the handle it was loaded for, which must be open and in use by nobody else meanwhile, its end
 * included. All functions throw NativeError: NOT_OFFERED, or HRESULT with the attempts left where
 * the module tells them. Secrets are not const because the module could write to them.
 */
class CardModule {
 public:
  /** Nothing when the data base names no module for the card, or none that can be loaded. */
  static std::shared_ptr<CardModule> Load(SCARDCONTEXT context, SCARDHANDLE card);

  CardModule(ModuleHandle library, SCARDCONTEXT context, SCARDHANDLE card,
             std::vector<std::uint8_t> atr, CardType type);

  CardModule(const CardModule&) = delete;
  CardModule& operator=(const CardModule&) = delete;

  /** The name of the module's file, without its folder. */
  std::wstring file() const;

  void VerifyPin(SecretBuffer& pin);
  void ChangePin(SecretBuffer& pin, SecretBuffer& new_pin);
  void UnblockByPuk(SecretBuffer& puk, SecretBuffer& new_pin);
  void UnblockByResponse(SecretBuffer& response, SecretBuffer& new_pin);
  void ChangeAdminKey(SecretBuffer& response, SecretBuffer& new_key);
  void AuthenticateAdmin(SecretBuffer& response);
  SecretBuffer Challenge();

 private:
  void Unblock(SecretBuffer& proof, SecretBuffer& new_pin, DWORD flags);
  void Change(const wchar_t* user, SecretBuffer& current, SecretBuffer& next, DWORD flags,
              const char* action);

  const ModuleHandle library_;
  std::vector<std::uint8_t> atr_;
  CardType type_;
  CardData data_ = {};
  /** Goes before everything that the module was told of, and before its code. */
  UniqueHandle<CardContextTraits> context_;
};

}  // namespace vsc
