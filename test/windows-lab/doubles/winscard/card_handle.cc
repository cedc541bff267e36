#include "winscard/card_handle.h"

#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "common/text.h"

namespace lab {
namespace {

constexpr SCARDHANDLE kFirst = 0xEA010000;
/** A transaction without a command for so long ends in a reset of the card (Windows 8 and later).
 */
constexpr ULONGLONG kIdleTransactionMs = 5000;

std::mutex handlesMutex;
std::map<SCARDHANDLE, std::shared_ptr<CardHandle>> handles;
SCARDHANDLE nextHandle = kFirst;

/** Looks after idle transactions for as long as the process lives: others wait for their end. */
void WatchIdleTransactions() {
  for (;;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::vector<std::shared_ptr<CardHandle>> open;
    {
      const std::lock_guard<std::mutex> lock(handlesMutex);
      for (const auto& [number, handle] : handles) open.push_back(handle);
    }
    for (const auto& handle : open) handle->EndIdleTransaction();
  }
}

void CheckShareMode(DWORD shareMode) {
  Require(shareMode >= SCARD_SHARE_EXCLUSIVE && shareMode <= SCARD_SHARE_DIRECT,
          Code(SCARD_E_INVALID_VALUE));
}

void CheckDisposition(DWORD disposition) {
  Require(disposition <= SCARD_EJECT_CARD, Code(SCARD_E_INVALID_VALUE));
}

}  // namespace

CardHandle::CardHandle(SCARDCONTEXT context, Reader reader, DWORD shareMode, DWORD protocols)
    : context_(context), reader_(std::move(reader)) {
  Connect(shareMode, protocols);
}

void CardHandle::Connect(DWORD shareMode, DWORD protocols) {
  CheckShareMode(shareMode);
  constexpr DWORD kAll = SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1;
  Require((protocols & ~kAll) == 0, Code(SCARD_E_INVALID_VALUE));
  const bool direct = shareMode == SCARD_SHARE_DIRECT;
  Require(direct || protocols != 0, Code(SCARD_E_INVALID_VALUE));
  Require(direct || reader_.hasCard, Code(SCARD_E_NO_SMARTCARD));
  // The card's ATR offers T=1 only.
  Require(protocols == 0 || (protocols & SCARD_PROTOCOL_T1), Code(SCARD_E_PROTO_MISMATCH));
  if (reader_.hasCard && protocols != 0 && !channel_) channel_.emplace(reader_.name);
  shareMode_ = shareMode;
  protocol_ = channel_ ? SCARD_PROTOCOL_T1 : SCARD_PROTOCOL_UNDEFINED;
}

Bytes CardHandle::Atr() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return channel_ ? channel_->atr() : Bytes();
}

void CardHandle::CheckAlive() {
  Require(channel_.has_value(), Code(SCARD_E_NOT_TRANSACTED));
  TakeFromIdle();
  Require(!wasReset_, Code(SCARD_W_RESET_CARD));
  lastUse_ = GetTickCount64();
}

void CardHandle::TakeFromIdle() {
  if (transactions_ == 0 || GetTickCount64() - lastUse_ <= kIdleTransactionMs) return;
  // The reset first: another program may get the card at once.
  Reset();
  channel_->EndTransaction();
  transactions_ = 0;
  wasReset_ = true;
}

void CardHandle::EndIdleTransaction() {
  // A handle in use is not idle.
  const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock || !channel_) return;
  try {
    TakeFromIdle();
  } catch (const ForwarderError&) {
    // The card is gone, or the forwarder: the next call on the handle says so.
    transactions_ = 0;
  }
}

Bytes CardHandle::Transmit(const Bytes& command) {
  const std::lock_guard<std::mutex> lock(mutex_);
  CheckAlive();
  return channel_->Transmit(command);
}

void CardHandle::BeginTransaction() {
  const std::lock_guard<std::mutex> lock(mutex_);
  CheckAlive();
  // Transactions of one handle nest.
  if (transactions_ == 0) channel_->BeginTransaction();
  transactions_++;
  lastUse_ = GetTickCount64();
}

void CardHandle::EndTransaction(DWORD disposition) {
  CheckDisposition(disposition);
  const std::lock_guard<std::mutex> lock(mutex_);
  CheckAlive();
  Require(transactions_ > 0, Code(SCARD_E_NOT_TRANSACTED));
  if (disposition != SCARD_LEAVE_CARD) Reset();
  if (--transactions_ == 0) channel_->EndTransaction();
}

void CardHandle::Reconnect(DWORD shareMode, DWORD protocols, DWORD initialization) {
  Require(initialization <= SCARD_UNPOWER_CARD, Code(SCARD_E_INVALID_VALUE));
  const std::lock_guard<std::mutex> lock(mutex_);
  Connect(shareMode, protocols);
  if (initialization != SCARD_LEAVE_CARD) Reset();
  wasReset_ = false;
}

void CardHandle::Disconnect(DWORD disposition) {
  CheckDisposition(disposition);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (disposition != SCARD_LEAVE_CARD) Reset();
  // The end of the channel's connection ends its transaction.
  channel_.reset();
}

void CardHandle::Reset() {
  if (channel_) channel_->Reset();
}

std::shared_ptr<CardHandle> FindHandle(SCARDHANDLE number) {
  const std::lock_guard<std::mutex> lock(handlesMutex);
  const auto found = handles.find(number);
  Require(found != handles.end(), Code(SCARD_E_INVALID_HANDLE));
  return found->second;
}

SCARDHANDLE AddHandle(std::shared_ptr<CardHandle> handle) {
  static const bool isWatched = (std::thread(WatchIdleTransactions).detach(), true);
  Require(isWatched, Code(SCARD_F_INTERNAL_ERROR));
  const std::lock_guard<std::mutex> lock(handlesMutex);
  for (const auto& [number, other] : handles) {
    if (!SameName(other->reader().name, handle->reader().name)) continue;
    const bool exclusive =
        handle->shareMode() == SCARD_SHARE_EXCLUSIVE || other->shareMode() == SCARD_SHARE_EXCLUSIVE;
    Require(!exclusive, Code(SCARD_E_SHARING_VIOLATION));
  }
  handles.emplace(nextHandle, std::move(handle));
  return nextHandle++;
}

std::shared_ptr<CardHandle> RemoveHandle(SCARDHANDLE number) {
  const std::shared_ptr<CardHandle> handle = FindHandle(number);
  const std::lock_guard<std::mutex> lock(handlesMutex);
  handles.erase(number);
  return handle;
}

void CloseHandlesOf(SCARDCONTEXT context) {
  const std::lock_guard<std::mutex> lock(handlesMutex);
  for (auto at = handles.begin(); at != handles.end();) {
    at = at->second->context() == context ? handles.erase(at) : std::next(at);
  }
}

}  // namespace lab
