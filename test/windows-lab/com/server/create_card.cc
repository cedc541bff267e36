#include "server/create_card.h"

#include <string>

#include "common/forwarder_client.h"
#include "common/text.h"
#include "server/failure.h"
#include "server/guarded.h"
#include "server/late.h"
#include "server/reader_node.h"
#include "server/reporter.h"

namespace lab {
namespace {

/** What is reported while the card is made, and once it is there. */
constexpr int kBefore[] = {0, 1, 3, 4, 6, 7};
constexpr int kGenerating[] = {9, 10, 11};
constexpr int kCreated = 12;

constexpr int kReaderCountLimit = 2;
constexpr int kCardCreate = 17;

/** HRESULT_FROM_WIN32(ERROR_NOT_ENOUGH_QUOTA); what Windows returns is not published. */
constexpr uint32_t kLimitReached = 0x80070718;

/** The card's id, in memory that the client's side of the call frees. */
WCHAR* CopyForCaller(const std::wstring& text) {
  const size_t size = (text.size() + 1) * sizeof(WCHAR);
  void* copy = CoTaskMemAlloc(size);
  if (!copy) throw Failure(static_cast<uint32_t>(E_OUTOFMEMORY), {kCardCreate});
  return static_cast<WCHAR*>(memcpy(copy, text.c_str(), size));
}

/** Its id. */
std::string MakeCard(const CreateArguments& arguments, const Plan& plan) {
  Json::Object request = arguments.Request();
  if (plan.readerLagMs > 0) request.emplace_back("readerLagMs", plan.readerLagMs);
  const CardAndNode lock(CardsAndNodes());
  try {
    const Json card = ForwarderClient::Ask("createCard", std::move(request));
    const std::string& id = card.At("instanceId").String();
    AddReaderNode(Wide(id), arguments.friendlyName, plan.readerLagMs);
    return id;
  } catch (const ForwarderError& error) {
    if (error.code() != "ERR_CARD_LIMIT") throw;
    throw Failure(kLimitReached, {kReaderCountLimit, kCardCreate});
  }
}

/** Takes back a card that was made for a call that then failed. */
void TakeBack(const std::string& id) {
  const CardAndNode lock(CardsAndNodes());
  RemoveReaderNode(Wide(id));
  ForwarderClient::Ask("destroyCard", {{"instanceId", id}});
}

void Generate(const CreateArguments& arguments, const Reporter& reporter) {
  if (arguments.generate) {
    for (const int status : kGenerating) reporter.Progress(status);
  }
  reporter.Progress(kCreated);
}

}  // namespace

HRESULT CreateCard(const char* method, const CreateArguments& arguments,
                   ITpmVirtualSmartCardManagerStatusCallback* callback, WCHAR** instanceId,
                   BOOL* needReboot) {
  *instanceId = nullptr;
  if (needReboot) *needReboot = FALSE;
  return Guarded(callback, kCardCreate, [&] {
    const Plan plan = Plan::Enter(method, arguments.Record());
    arguments.Check();
    plan.Begin();
    const Reporter reporter(callback, plan);
    for (const int status : kBefore) reporter.Progress(status);
    const std::string id = MakeCard(arguments, plan);
    try {
      Generate(arguments, reporter);
    } catch (const Failure&) {
      if (!plan.keepOnAbort) TakeBack(id);
      throw;
    }
    if (!plan.nullInstanceId) *instanceId = CopyForCaller(Wide(id));
    if (needReboot) *needReboot = plan.needReboot;
    if (callback && plan.lateCallback) CallBackLate(callback, *plan.lateCallback);
  });
}

}  // namespace lab
