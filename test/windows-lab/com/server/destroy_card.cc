#include "server/destroy_card.h"

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

/** While the first is reported the call can be stopped, while the others are the card is gone. */
constexpr int kBefore = 8;
constexpr int kAfter[] = {5, 2, 13};

constexpr int kReadProperty = 11;
constexpr int kCardDestroy = 18;

/** HRESULT_FROM_WIN32(ERROR_NOT_FOUND); what Windows returns is not published. */
constexpr uint32_t kNotFound = 0x80070490;

void RemoveCard(const std::string& id) {
  const CardAndNode lock(CardsAndNodes());
  try {
    ForwarderClient::Ask("destroyCard", {{"instanceId", id}});
  } catch (const ForwarderError& error) {
    if (error.code() != "ERR_CARD_NOT_FOUND") throw;
    throw Failure(kNotFound, {kReadProperty, kCardDestroy});
  }
  RemoveReaderNode(Wide(id));
}

}  // namespace

HRESULT DestroyCard(const WCHAR* instanceId, ITpmVirtualSmartCardManagerStatusCallback* callback,
                    BOOL* needReboot) {
  *needReboot = FALSE;
  return Guarded(callback, kCardDestroy, [&] {
    const std::string id = Utf8(instanceId);
    const Plan plan = Plan::Enter("DestroyVirtualSmartCard",
                                  {{"instanceId", id}, {"statusCallback", callback != nullptr}});
    plan.Begin();
    const Reporter reporter(callback, plan);
    reporter.Progress(kBefore);
    RemoveCard(id);
    for (const int status : kAfter) reporter.ProgressOnly(status);
    *needReboot = plan.needReboot;
    if (callback && plan.lateCallback) CallBackLate(callback, *plan.lateCallback);
  });
}

}  // namespace lab
