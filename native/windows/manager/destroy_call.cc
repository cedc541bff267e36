#include "windows/manager/destroy_call.h"

namespace vsc {

void DestroyCall::Work(CallLine& line) {
  Activate(tpmvsc::kManager);
  Invoke(line, "destroy the virtual smart card",
         [this](tpmvsc::Manager* manager, tpmvsc::StatusCallback* callback) {
           return manager->table->DestroyVirtualSmartCard(manager, instance_id_.c_str(), callback,
                                                          &need_reboot_);
         });
}

Napi::Value DestroyCall::Result(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("needReboot", Napi::Boolean::New(env, need_reboot_ != FALSE));
  return result;
}

}  // namespace vsc
