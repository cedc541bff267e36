#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "common/forwarder_channel.h"
#include "common/readers.h"
#include "winscard/component.h"

namespace lab {

/** What an SCARDHANDLE stands for: a connection to a reader and, unless it is direct, its card. */
class CardHandle {
 public:
  CardHandle(SCARDCONTEXT context, Reader reader, DWORD shareMode, DWORD protocols);

  SCARDCONTEXT context() const { return context_; }
  const Reader& reader() const { return reader_; }
  DWORD shareMode() const { return shareMode_; }
  /** SCARD_PROTOCOL_T1, or SCARD_PROTOCOL_UNDEFINED on a direct connection without a card. */
  DWORD protocol() const { return protocol_; }
  Bytes Atr();

  Bytes Transmit(const Bytes& command);
  void BeginTransaction();
  void EndTransaction(DWORD disposition);
  void Reconnect(DWORD shareMode, DWORD protocols, DWORD initialization);
  /** Takes the card away, with a reset, from a transaction that has stood idle for too long. */
  void EndIdleTransaction();
  /** Ends a transaction that is under way and resets the card if `disposition` says so. */
  void Disconnect(DWORD disposition);

 private:
  void Connect(DWORD shareMode, DWORD protocols);
  void CheckAlive();
  void TakeFromIdle();
  void Reset();

  const SCARDCONTEXT context_;
  const Reader reader_;
  DWORD shareMode_ = 0;
  DWORD protocol_ = 0;
  std::mutex mutex_;
  std::optional<ForwarderChannel> channel_;
  int transactions_ = 0;
  /** Windows took the card from a transaction that stood idle: only SCardReconnect helps. */
  bool wasReset_ = false;
  ULONGLONG lastUse_ = 0;
};

/** Throws StatusError(SCARD_E_INVALID_HANDLE). */
std::shared_ptr<CardHandle> FindHandle(SCARDHANDLE number);
/** Registers a handle, if sharing with the process's others allows it: SCARD_E_SHARING_VIOLATION.
 */
SCARDHANDLE AddHandle(std::shared_ptr<CardHandle> handle);
/** Forgets a handle and returns what it stood for. */
std::shared_ptr<CardHandle> RemoveHandle(SCARDHANDLE number);
void CloseHandlesOf(SCARDCONTEXT context);

}  // namespace lab
